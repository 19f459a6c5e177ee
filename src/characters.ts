/**
 * Which characters a value may have. `ascii`: printable ASCII and spaces, as RFC 6749 appendix A requires for client ids, secrets
 * and scopes; `url`: also the letters that a host or path may have; `visible`: no invisible characters, and no blanks around the
 * value; `typed`: what people can type into a form.
 */
export type CharacterRule = "ascii" | "url" | "visible" | "typed";

/** Made when they are needed: those with classes of Unicode take up to half a millisecond, and most values are ASCII. */
const forbidden: Readonly<Record<CharacterRule, () => RegExp>> = {
  ascii: () => /[^ -~]/u,
  url: () => /[^ -~\p{L}\p{M}\p{N}]/u,
  visible: () => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u,
  // A zero-width joiner belongs to some letters and emoji.
  typed: () => /(?!\t)\p{Cc}|[\u200b\u2060\ufeff]/u,
};

/** No rule forbids any of these. */
export const onlyPrintableAscii = /^[ -~]*$/;

/** A forbidden character in a value, and its position. */
export interface StrayCharacter {
  /** Such as `a line feed (U+000A)`. */
  readonly name: string;
  readonly index: number;
  /** Whether only such characters follow. */
  readonly isLast: boolean;
  readonly character: string;
}

/** The first character that the rule forbids. `secret`: a visible one is not named, since it is a part of the secret. */
export function findStray(text: string, rule: CharacterRule, secret: boolean): StrayCharacter | undefined {
  if (onlyPrintableAscii.test(text)) return undefined;
  const pattern = forbidden[rule]();
  const match = pattern.exec(text);
  if (!match) return undefined;
  const [character] = match;
  const rest = [...text.slice(match.index + character.length)];
  const isLast = rest.every((other) => pattern.test(other));
  const isPair = character === "\r" && rest[0] === "\n";
  return {
    name: isPair ? "a Windows line break (U+000D U+000A)" : nameOf(character, secret),
    index: match.index,
    isLast,
    character,
  };
}

const names: Readonly<Record<string, string>> = {
  "\0": "a NUL",
  "\t": "a tab",
  "\n": "a line feed",
  "\r": "a carriage return",
  "\x1b": "an escape character",
  "\xa0": "a no-break space",
  "\xad": "a soft hyphen",
  "\u200b": "a zero-width space",
  "\u200c": "a zero-width non-joiner",
  "\u200d": "a zero-width joiner",
  "\u200e": "a left-to-right mark",
  "\u200f": "a right-to-left mark",
  "\u2028": "a line separator",
  "\u202f": "a narrow no-break space",
  "\u2060": "a word joiner",
  "\u3000": "an ideographic space",
  "\ufeff": "a byte order mark",
};

function nameOf(character: string, secret: boolean): string {
  const name = names[character] ?? (/\p{Cc}/u.test(character) ? "a control character" : "a character");
  const isVisible = !/[\p{C}\p{Z}]/u.test(character);
  return secret && isVisible ? "a character that is not printable ASCII" : `${name} (${codePoint(character)})`;
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** Such as `a no-break space (U+00A0)`, if a name contains a blank that is not a space, or an invisible character. */
export function invisibleIn(name: string): string | undefined {
  const stray = findStray(name, "visible", false);
  return stray?.name;
}

/** The first blank or invisible character in a line that YAML does not treat as a blank; undefined if none is outside quotes. */
export function findFalseBlank(line: string): Pick<StrayCharacter, "name" | "index"> | undefined {
  // A quoted text, a comment, or such a character.
  for (const { index, 0: match } of line.matchAll(/"(?:[^"\\]|\\.)*"|'[^']*'|(?<=^|\s)#.*|(?! )\p{Zs}|\p{Cf}/gu)) {
    if (!/^["'#]/.test(match)) return { name: nameOf(match, false), index };
  }
  return undefined;
}

const controlNames: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Escapes every control, bidirectional and invisible character in a text, such as `\u{1b}`. */
export function escapeControls(text: string): string {
  if (onlyPrintableAscii.test(text)) return text;
  return text.replace(
    // Controls (ANSI sequences begin with one), format characters (bidirectional overrides, zero-width ones, tags), line and
    // paragraph separators, lone surrogates: what changes how a terminal shows the text around it.
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => controlNames[character] ?? `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

/**
 * The URL that a text is, or undefined. Not by `URL.canParse`: once Node 20 has optimized it, it refuses every host with a letter
 * such as ü.
 */
export function parseUrl(text: string, base?: string): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

/** The value of a JSON text; undefined for a text that is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
