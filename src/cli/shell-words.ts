/** The shells that have a completion script. */
export const shells = ["bash", "zsh", "fish", "powershell"] as const;

export type Shell = (typeof shells)[number];

/** A word as it stands on a command line. */
interface RawWord {
  /** Without its quotes and backslashes; variables and commands in it are left as they are. */
  readonly value: string;
  /** The quote that is open at its end. */
  readonly quote: "" | "'" | '"';
  /** Where in the value the part starts that Bash replaces: after an open quote, or after a character that breaks words. */
  readonly replacedFrom: number;
}

/**
 * Reads a word of Bash, and nearly of fish. Nothing is expanded or run.
 *
 * @param breaks the characters that break words for completion alone, such as `:` and `=`
 */
export function readWord(raw: string, breaks = ""): RawWord {
  let value = "";
  let quote: RawWord["quote"] = "";
  let replacedFrom = 0;
  for (let index = 0; index < raw.length; index += 1) {
    const character = raw.charAt(index);
    const next = raw.charAt(index + 1);
    if (quote === "" && (character === "'" || character === '"')) {
      quote = character;
      replacedFrom = value.length;
    } else if (character === quote) {
      quote = "";
      replacedFrom = 0;
    } else if (character === "\\" && isEscape(quote, next)) {
      value += next;
      index += 1;
    } else {
      value += character;
      if (quote === "" && breaks.includes(character)) replacedFrom = value.length;
    }
  }
  return { value, quote, replacedFrom };
}

function isEscape(quote: RawWord["quote"], next: string): boolean {
  if (quote === "") return next !== "";
  return quote === '"' && next !== "" && '"\\$`'.includes(next);
}

/** A value as it is put where Bash's cursor is, so that Bash reads it back as it is and runs nothing of it. */
export function quoteForBash(value: string, { quote, replacedFrom }: RawWord): string {
  const rest = value.slice(replacedFrom);
  if (quote === "'") return rest.replaceAll("'", "'\\''");
  // Within double quotes, an exclamation mark repeats an earlier command, also after a backslash.
  if (quote === '"') return rest.replaceAll(/["\\$`]/g, "\\$&").replaceAll("!", `"'!'"`);
  return rest.replaceAll(/[^\w@%+=:,./\u0080-\u{10ffff}-]/gu, "\\$&");
}

/** A value as a word of PowerShell. */
export function quoteForPowerShell(value: string): string {
  return /^[\w+=:./\u0080-\u{10ffff}-]+$/u.test(value) ? value : `'${value.replaceAll(/['‘’‚‛]/g, "$&$&")}'`;
}
