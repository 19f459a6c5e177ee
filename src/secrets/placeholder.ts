import type { ProblemCode } from "../errors.js";

export type PlaceholderKind = "value_from" | "template" | "variable" | "rep" | "example";

/** What to tell of a placeholder. */
export interface PlaceholderAdvice {
  readonly code: Extract<ProblemCode, "PLACEHOLDER" | "VALUE_FROM_IN_TEXT">;
  readonly message: string;
  readonly hint: string;
}

/** What to tell of each kind, and what to write instead. */
export const placeholders: Readonly<Record<PlaceholderKind, PlaceholderAdvice>> = {
  value_from: {
    code: "VALUE_FROM_IN_TEXT",
    message: "`value_from` stands inside of a text, where it is not resolved",
    hint: "put the whole text in the variable and write {value_from: {env: NAME}}, with nothing around it",
  },
  template: {
    code: "PLACEHOLDER",
    message: "the value still holds a template expression, {{ … }}",
    hint: "render the template before this program reads the file, or write {value_from: {env: NAME}}",
  },
  variable: {
    code: "PLACEHOLDER",
    message: "the value still holds a variable (a dollar sign and braces), which is not substituted here",
    hint: "put the whole text in the variable and write {value_from: {env: NAME}}",
  },
  rep: {
    code: "PLACEHOLDER",
    message: "the value still holds a marker, REP_…_REP, that should have been replaced",
    hint: "replace the marker before this program reads the file, or write {value_from: {env: NAME}}",
  },
  example: {
    code: "PLACEHOLDER",
    message: "the secret still holds the text of an example, which is meant to be changed",
    hint: "write a secret of your own; openssl rand -hex 20 makes one",
  },
};

const patterns: readonly (readonly [PlaceholderKind, RegExp])[] = [
  ["value_from", /\bvalue_from\b/],
  ["template", /\{\{\s*[^\s{}][^{}]*\}\}/],
  ["variable", /\$\{[A-Za-z_][^{}]*\}/],
  // Bounded, because the end is looked for again from every start.
  ["rep", /(?<![A-Za-z0-9])REP_[\w.-]{1,100}_REP(?![A-Za-z0-9])/],
];

const exampleSecret = /modify-this|changeme/i;

/** The first placeholder in a text that somebody forgot to fill in. `sensitive`: the field is a secret. */
export function findPlaceholder(text: string, sensitive: boolean): PlaceholderKind | undefined {
  const found = patterns.find(([, pattern]) => pattern.test(text));
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

/** True when the whole text, whatever its case, is a password that manuals use and guessers try first. */
export function isExamplePassword(text: string): boolean {
  return examplePasswords.has(text.toLowerCase());
}
