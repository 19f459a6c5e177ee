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
  yield* membersText(value, "");
  yield "\n";
}

function* membersText(value: object, margin: string): Generator<string> {
  const inner = `${margin}  `;
  let before = "{\n";
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    yield `${before}${inner}${JSON.stringify(name)}: `;
    before = ",\n";
    if (isList(member)) yield* listText(member, inner);
    else if (hasList(member)) yield* membersText(member, inner);
    else yield indented(member, inner);
  }
  yield `\n${margin}}`;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > 0;
}

function hasList(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.values(value).some(isList);
}

function* listText(list: readonly unknown[], margin: string): Generator<string> {
  const inner = `${margin}  `;
  let before = "[\n";
  for (const item of list) {
    yield `${before}${inner}${indented(item, inner)}`;
    before = ",\n";
  }
  yield `\n${margin}]`;
}

/** A value as JSON inside of others. JSON escapes line breaks in texts, so every real one ends a line. */
export function indented(value: unknown, margin: string): string {
  return JSON.stringify(value, undefined, 2).replaceAll("\n", `\n${margin}`);
}
