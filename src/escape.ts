const names: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

// Controls (ANSI sequences begin with one), format characters (bidirectional overrides, zero-width ones, tags), line and
// paragraph separators, lone surrogates: what changes how a terminal shows the text around it.
const controls = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** The text with every control, bidirectional and invisible character written out, such as `\u{1b}`. */
export function escapeControls(text: string): string {
  return text.replace(controls, (character) => names[character] ?? `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
