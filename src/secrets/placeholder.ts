import type { DiagnosticCode } from "../errors.js";

export type PlaceholderKind =
  | "value_from"
  | "template"
  | "variable"
  | "bare_variable"
  | "rep"
  | "angle"
  | "vault"
  | "encrypted"
  | "todo"
  | "example";

/** The message for a kind of placeholder. */
interface PlaceholderAdvice {
  readonly code: Extract<DiagnosticCode, "PLACEHOLDER" | "VALUE_FROM_IN_TEXT">;
  readonly message: string;
  readonly hint: string;
}

/** The message for each kind, and what to write instead. */
export const placeholders: Readonly<Record<PlaceholderKind, PlaceholderAdvice>> = {
  value_from: {
    code: "VALUE_FROM_IN_TEXT",
    message: "`value_from` is inside text, where it is not resolved",
    hint: "put the whole text in the variable and write {value_from: {env: NAME}}, with nothing around it",
  },
  template: {
    code: "PLACEHOLDER",
    message: "the value still contains a template expression, {{ … }}",
    hint: "render the template before this program reads the file, or write {value_from: {env: NAME}}",
  },
  variable: {
    code: "PLACEHOLDER",
    message: "the value still contains a variable (a dollar sign and braces), which is not substituted here",
    hint: "put the whole text in the variable and write {value_from: {env: NAME}}",
  },
  bare_variable: {
    code: "PLACEHOLDER",
    message: "the value still contains a variable ($NAME, %NAME% or $(NAME)), which is not substituted here",
    hint: "put the whole text in the variable and write {value_from: {env: NAME}}",
  },
  angle: {
    code: "PLACEHOLDER",
    message: "the value still contains a gap to fill in, <…>",
    hint: "write the value in place of the gap, or {value_from: {env: NAME}}",
  },
  vault: {
    code: "PLACEHOLDER",
    message:
      "the value is a reference into a secret store (op://, ref+…:// or @Microsoft.KeyVault(…)), which is not followed here",
    hint: "let the store's tool put the secret in a variable or file, and write {value_from: {env: NAME}} or {value_from: {file: PATH}}",
  },
  encrypted: {
    code: "PLACEHOLDER",
    message: "the value is still encrypted, ENC[…]",
    hint: "decrypt the file before this program reads it (sops --decrypt), or write {value_from: {env: NAME}}",
  },
  todo: {
    code: "PLACEHOLDER",
    message: "the value is a reminder to fill it in (TODO, FIXME, TBD)",
    hint: "write the value, or {value_from: {env: NAME}}",
  },
  rep: {
    code: "PLACEHOLDER",
    message: "the value still contains an unreplaced marker, REP_…_REP",
    hint: "replace the marker before this program reads the file, or write {value_from: {env: NAME}}",
  },
  example: {
    code: "PLACEHOLDER",
    message: "the secret is an unchanged example",
    hint: "generate a secret: openssl rand -hex 20",
  },
};

const patterns: readonly (readonly [PlaceholderKind, RegExp])[] = [
  ["value_from", /\bvalue_from\b/],
  ["template", /\{\{\s*[^\s{}][^{}]*\}\}/],
  ["variable", /\$\{[A-Za-z_][^{}]*\}/],
  // Bounded, because the search for the end restarts at every beginning.
  ["rep", /(?<![A-Za-z0-9])REP_[\w.-]{1,100}_REP(?![A-Za-z0-9])/],
  // These match only a whole value: inside a text, the same characters may be intended.
  ["bare_variable", /^\s*(?:\$[A-Za-z_]\w*|%[A-Za-z_]\w*%|\$\([A-Za-z_][\w.-]*\))\s*$/],
  ["angle", /^\s*<[^<>]+>\s*$/],
  ["vault", /^\s*(?:op:\/\/\S|ref\+[a-z0-9]+:\/\/\S|@Microsoft\.KeyVault\()/i],
  ["encrypted", /^\s*ENC\[[^\]]*\]\s*$/],
  // `TODO app` is a name.
  ["todo", /^\s*(?:TODO|FIXME|TBD)\s*(?:$|[:_!.-])/],
  // In a URL these characters have no other use, except two hexadecimal digits after a percent sign. Anchored, because searching
  // from every `://` of a long text takes minutes.
  ["bare_variable", /^https?:\/\/[^\s?#]*?(?:\$\(?[A-Z][A-Z0-9_]|%(?![0-9A-F]{2})[A-Z][A-Z0-9_]{1,100}%)/],
  ["angle", /^https?:\/\/[^<>\s]*<[^<>]+>/i],
];

/** Each placeholder has one of these, and few other values do. */
const suspicious = /[[{(<$%]|:\/\/|value_from|REP_|TODO|FIXME|TBD/;

const exampleSecret = /modify-this|changeme/i;

/**
 * The first placeholder in a text of a file that was not filled in; the value of a variable or secret file is never one.
 * `sensitive`: the field is a secret.
 */
export function findPlaceholder(text: string, sensitive: boolean): PlaceholderKind | undefined {
  const found = suspicious.test(text) ? patterns.find(([, pattern]) => pattern.test(text)) : undefined;
  if (found) return found[0];
  return sensitive && exampleSecret.test(text) ? "example" : undefined;
}

const examplePasswords: ReadonlySet<string> = new Set([
  "12345678",
  "123456789",
  "1234567890",
  "123456",
  "12345",
  "admin",
  "admin123",
  "change me",
  "change-me",
  "change_me",
  "changeit",
  "changeme",
  "default",
  "demo",
  "example",
  "geheim",
  "letmein",
  "p@ssw0rd",
  "pass",
  "passw0rd",
  "password",
  "password1",
  "password123",
  "qwerty",
  "root",
  "secret",
  "supersecret",
  "test",
  "test123",
  "user",
  "very-secret",
  "wachtwoord",
  "welcome",
  "welcome01",
  "welkom",
  "welkom01",
]);

/** True when the whole text, in any case, is a password that manuals use and attackers try first. */
export function isExamplePassword(text: string): boolean {
  return examplePasswords.has(text.toLowerCase());
}

// Common sequences; also searched backwards.
const wellKnown = "0123456789 abcdefghijklmnopqrstuvwxyz qwertyuiop asdfghjkl zxcvbnm password secret token admin test";
const dictionary = `${wellKnown} ${[...wellKnown].reverse().join("")} `;
const minCopy = 3;

/**
 * Whether a text's entropy is below that many bits, by an upper estimate. Each unpredictable character counts as one of the text's
 * different characters; a repeated or well-known piece counts as one character, whatever its length.
 */
export function isEasyToGuess(text: string, minBits: number): boolean {
  const known = dictionary + text.toLowerCase();
  const bits = Math.log2(differentCharacters(text) || 1);
  let guessed = 0;
  for (let at = dictionary.length; at < known.length && guessed < minBits; guessed += bits) {
    at += copiedLength(known, at) || 1;
  }
  return guessed < minBits;
}

function differentCharacters(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) if (text.indexOf(text.charAt(at)) === at) count += 1;
  return count;
}

/** How many characters from `at` on repeat earlier ones; 0 if too few. A copy may overlap itself, as in `aaaa`. */
function copiedLength(text: string, at: number): number {
  const start = text.slice(at, at + minCopy);
  if (start.length < minCopy) return 0;
  let longest = 0;
  for (let from = text.indexOf(start); from < at; from = text.indexOf(start, from + 1)) {
    let length = minCopy;
    while (at + length < text.length && text[from + length] === text[at + length]) length += 1;
    longest = Math.max(longest, length);
  }
  return longest;
}
