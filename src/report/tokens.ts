import type { ListedToken, TokenDetails, TokenValue } from "../operations/list-tokens.js";
import { maskRandom } from "../secrets/random-looking.js";
import { csvLine, minute, type Row, renderFacts, shown } from "./table.js";

export const tokenHeadings: Row = [
  "IDENTIFIER",
  "USER",
  "OWNER",
  "STATE",
  "CREATED",
  "VALID FROM",
  "EXPIRES",
  "VALUE SINCE",
  "LAST USED",
];

/** A token as its line of text; a line for each replaced value follows. */
export function tokenRows(token: ListedToken): readonly Row[] {
  const [current, ...earlier] = token.values;
  const names = [token.identifier, token.user].map(shown);
  const owner = token.owner === null ? "(by hand)" : shown(token.owner);
  const expires = token.expiresAt === null ? "never" : minute(token.expiresAt);
  const times = [minute(token.createdAt), minute(token.validFrom), expires];
  return [
    [...names, owner, token.state, ...times, ...usedTimes(current)],
    ...earlier.map((value) => ["  replaced value", "", "", "", "", "", minute(value.validUntil), ...usedTimes(value)]),
  ];
}

function usedTimes(value: TokenValue | undefined): readonly string[] {
  const since = value?.since ?? null;
  return [since === null ? "unknown" : minute(since), value?.lastUsedAt ? minute(value.lastUsedAt) : "never"];
}

/** A token with all that is known of it, a line for each. */
export function renderToken(token: TokenDetails, mark: (text: string) => string): string {
  const may = token.isSuperuser ? "all permissions (superuser)" : token.permissions?.join(", ");
  const { revocation: revoked, disabled } = token;
  const facts: readonly (readonly [string, string])[] = [
    ["user", shown(token.user)],
    ["managed by", token.owner === null ? "nobody (made by hand)" : `the owner ${shown(token.owner)}`],
    ["state", token.state],
    ["protected", token.isProtected ? "yes" : ""],
    ["revoked", revoked === null ? "" : `${minute(revoked.at)} by ${shown(revoked.by)} (${revoked.reason})`],
    ["disabled", disabled === null ? "" : `${minute(disabled.at)} by ${shown(disabled.by)}`],
    ["enabled", token.isEnabled ? "" : "false, in a file"],
    ["created", minute(token.createdAt)],
    ["valid from", minute(token.validFrom)],
    ["expires", token.expiresAt === null ? "never" : minute(token.expiresAt)],
    ["allowed IPs", token.allowedIps?.map(shown).join(", ") ?? ""],
    ["rate limit", shown(token.rateLimit ?? "")],
    ["may", may === undefined ? "what its user may" : shown(may) || "nothing"],
    ["contact", shown(`${token.contactPerson} <${token.email}>`)],
    ...(["organization", "application", "administration", "description"] as const).map(
      (name) => [name, shown(token[name])] as const,
    ),
    ...token.values.map((value) => {
      const [since, lastUsed] = usedTimes(value);
      const what = value.validUntil === null ? "value" : "replaced value";
      const until = value.validUntil === null ? "" : `, works until ${minute(value.validUntil)}`;
      return [what, `since ${since}, last used ${lastUsed}${until}`] as const;
    }),
  ];
  return renderFacts(token.identifier, facts, mark);
}

export const tokenCsvHeading = csvLine([
  "identifier",
  "user",
  "owner",
  "state",
  "created_at",
  "valid_from",
  "expires_at",
  "value",
  "value_since",
  "value_last_used_at",
  "value_valid_until",
  "description",
  "allowed_ips",
  "rate_limit",
]);

/** A line for each value of a token (RFC 4180). */
export function tokenToCsv(token: ListedToken): string {
  const { identifier, user, owner, state, createdAt, validFrom, expiresAt, values } = token;
  const names = [identifier, user, owner ?? ""].map(maskRandom);
  const ofToken = [...names, state, createdAt, validFrom ?? "", expiresAt ?? ""];
  return values
    .map(({ since, lastUsedAt, validUntil }) => {
      const value = validUntil === null ? "current" : "replaced";
      return csvLine([
        ...ofToken,
        value,
        since ?? "",
        lastUsedAt ?? "",
        validUntil ?? "",
        maskRandom(token.description),
        token.allowedIps?.join(" ") ?? "",
        token.rateLimit ?? "",
      ]);
    })
    .join("");
}
