import { type CharacterRule, findStray, type StrayCharacter } from "../characters.js";
import type { RawDiagnostic, ScalarNode } from "../yaml/node.js";

/** What is, or may be, wrong with a value's characters: an error where its field's rule forbids one, else warnings. */
export function findStrayCharacters(
  node: ScalarNode,
  rule: CharacterRule,
  secret: boolean,
): readonly Omit<RawDiagnostic, "path">[] {
  const text = node.text();
  const { origin, range } = node;
  const stray = findStray(text, rule, secret);
  if (stray) {
    const where = stray.isLast ? "at the end" : stray.index === 0 ? "at the start" : `as character ${stray.index + 1}`;
    const message = `${stray.name} stands ${where} of this value, where it can't be`;
    return [{ severity: "error", code: "INVALID_VALUE", message, hint: wayOut(stray, rule, origin), range }];
  }
  const findings: Omit<RawDiagnostic, "path">[] = [];
  const warn = (message: string, hint: string) =>
    findings.push({ severity: "warning", code: "INVALID_VALUE", message, hint, range });
  // Where a blank is not allowed, the schema refuses it.
  if (rule !== "visible" && text !== text.trim() && text.trim() !== "") {
    const message = `blanks stand around this value${rule === "url" ? "; they are left out" : ", and are part of it"}`;
    warn(message, `take them away${origin === undefined ? "" : ` in the ${sources[origin]}`}`);
  }
  if (/^(["']).*\1$/su.test(text) && text.length > 1) {
    warn("a pair of quotes stands around this value, and is part of it", unquote[origin ?? "literal"]);
  }
  return findings;
}

type Origin = ScalarNode["origin"];

const sources = { env: "variable", file: "file" } as const;

const unquote = {
  env: "write the variable without them: docker's --env-file and Kubernetes keep quotes, which only a shell takes off",
  file: "write the file without them: nothing takes them off",
  literal: "write one pair only, which YAML takes off",
} as const;

const endings = {
  env: "`echo` and editors end a text with one, also before `base64`: make the secret or variable with `printf '%s'` instead",
  file: "one line break at the file's end is dropped, and it has more: write it with `printf '%s'` instead of `echo`",
  literal: "a block that begins with | or > ends with one: write |- or >-, or the value on the line of its key",
} as const;

function wayOut({ character, index, isLast }: StrayCharacter, rule: CharacterRule, origin: Origin): string {
  if (isLast && character === "\r") {
    return "where it came from has Windows line ends (CRLF): save that file with LF alone, as `dos2unix` does";
  }
  if (isLast && character === "\n") return endings[origin ?? "literal"];
  if (index === 0 && character === "\ufeff")
    return "where it came from is a file that begins with one: save it as UTF-8 without it";
  if (rule === "url" && !/[\p{C}\p{Z}]/u.test(character)) return "write it percent-encoded";
  return "type the value anew: such characters come along where it is copied from a page or a document";
}
