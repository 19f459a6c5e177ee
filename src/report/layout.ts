/** Marks text for a terminal, or leaves it alone where color is off. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
}

export function createPaint(colour: boolean): Paint {
  const mark = (open: number, close: number) => (text: string) =>
    colour && text !== "" ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return { bold: mark(1, 22), dim: mark(2, 22), red: mark(31, 39), green: mark(32, 39), yellow: mark(33, 39) };
}

/** The text of a JSON object, as `JSON.stringify` indents it, in pieces: the whole may exceed the maximum string length. */
export function* jsonText(value: object): Generator<string> {
  let before = "{\n";
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    yield `${before}  ${JSON.stringify(name)}: `;
    before = ",\n";
    if (Array.isArray(member) && member.length > 0) yield* listText(member);
    else yield indented(member, "  ");
  }
  yield "\n}\n";
}

function* listText(list: readonly unknown[]): Generator<string> {
  let before = "[\n";
  for (const item of list) {
    yield `${before}    ${indented(item, "    ")}`;
    before = ",\n";
  }
  yield "\n  ]";
}

/** A value as JSON inside of others. JSON escapes line breaks in texts, so every real one ends a line. */
export function indented(value: unknown, margin: string): string {
  return JSON.stringify(value, undefined, 2).replaceAll("\n", `\n${margin}`);
}
