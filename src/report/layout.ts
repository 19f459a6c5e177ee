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

/** Breaks a text at its spaces into lines of at most `width` columns; a longer word stays whole. */
export function wrap(text: string, width: number): readonly string[] {
  const [first = "", ...words] = text.split(" ");
  const lines: string[] = [];
  let line = first;
  for (const word of words) {
    const longer = `${line} ${word}`;
    if (columns(longer) <= width) {
      line = longer;
    } else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

/** {@link wrap} with `first` before the first line, and as many spaces before the others; all within `width` columns. */
export function wrapAfter(first: string, text: string, width: number): readonly string[] {
  const [begin = "", ...rest] = wrap(text, width - first.length);
  return [first + begin, ...rest.map((line) => " ".repeat(first.length) + line)];
}

/** How many columns a text takes on a terminal; color codes take none. */
function columns(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: color codes begin with it
  return text.replace(/\u001b\[\d+m/g, "").length;
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

/** JSON escapes line breaks in texts, so every real one ends a line. */
function indented(value: unknown, margin: string): string {
  return JSON.stringify(value, undefined, 2).replaceAll("\n", `\n${margin}`);
}
