import { hiddenCharacters, isEmail, longestPermission, permissionPattern, slugPattern } from "../users/names.js";
import type { NewToken } from "./new-token.js";
import type { TokenFault, TokenField } from "./outcome.js";

// Beyond it, a time as text no longer sorts as the time itself does.
const latestMs = Date.UTC(9999, 11, 31);

const texts = ["organization", "application", "administration"] as const;

/** Everything that is wrong with what was asked for, as far as it can be told without the database; as in a configuration file. */
export function checkNewToken(token: NewToken, nowMs: number): readonly TokenFault[] {
  const { identifier, contactPerson, email, permissions = [], expiresAt } = token;
  const faults: TokenFault[] = [];
  const expect = (field: TokenField, isMet: boolean, message: string): void => {
    if (!isMet) faults.push({ code: "invalid_value", field, message });
  };
  expect(
    "identifier",
    identifier.length <= 50 && slugPattern.test(identifier),
    "expected 1 to 50 letters, digits, hyphens and underscores",
  );
  expect("contactPerson", contactPerson !== "" && isLine(contactPerson), "expected 1 to 200 visible characters");
  expect("email", email.length <= 254 && isEmail(email), "expected an e-mail address");
  for (const field of texts) {
    expect(field, isLine(token[field] ?? ""), "expected at most 200 visible characters");
  }
  expect(
    "permissions",
    permissions.every((name) => name.length <= longestPermission && permissionPattern.test(name)),
    "expected permissions such as `taken.view_externetaak`",
  );
  if (expiresAt === undefined) return faults;
  const atMs = expiresAt.getTime();
  // Also false for a date that is none.
  expect("expiresAt", atMs <= latestMs, "expected a date and time before the year 10000");
  if (atMs <= nowMs) faults.push({ code: "in_the_past", field: "expiresAt", message: "expected a time to come" });
  return faults;
}

function isLine(text: string): boolean {
  return text.length <= 200 && !hiddenCharacters.test(text);
}
