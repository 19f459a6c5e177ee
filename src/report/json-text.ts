/** The text of a JSON object, as `JSON.stringify` indents it, in pieces: all of it may be longer than a string can be. */
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

/** A line break in a text is written as an escape, so that those that are there end lines. */
function indented(value: unknown, margin: string): string {
  return JSON.stringify(value, undefined, 2).replaceAll("\n", `\n${margin}`);
}
