import type { Connection } from "../database/database.js";
import { listSome } from "../errors.js";
import { type ListedToken, readTokens } from "../operations/list-tokens.js";
import type { Resource } from "../plan/resource.js";
import { apiToken } from "../resources/kinds.js";
import { maskRandom } from "../secrets/random-looking.js";
import { readPolicies } from "../users/read-token-policies.js";
import { policiesFor, type TokenPolicy, warnBeforeMs } from "../users/token-policy.js";
import { type Finding, ok, type Subject, warning } from "./finding.js";

const dayMs = 86_400_000;
// Where no policy says it.
const usualWarnBeforeMs = 30 * dayMs;
const unusedAfterMs = 90 * dayMs;

/**
 * API tokens that have expired, expire soon, or are used by nobody.
 *
 * @param desired what the files declare; a plan says when their tokens expire, and where that is written
 */
export async function examineTokens(
  db: Connection,
  desired: readonly Resource[],
  nowMs: number,
): Promise<readonly Finding[]> {
  const subject: Subject = { kind: "api_tokens", key: "" };
  const policies = await readPolicies(db);
  const declared = new Set(apiToken.resourcesOf(desired).map(({ key }) => key));
  const expired: string[] = [];
  const expiring: string[] = [];
  const unused: string[] = [];
  let count = 0;
  for await (const page of readTokens(db, {}, nowMs)) {
    for (const token of page) {
      count += 1;
      if (token.state === "disabled" || token.state === "revoked") continue;
      const name = maskRandom(token.identifier);
      const end = declared.has(token.identifier) ? undefined : endOf(token, policies, nowMs);
      if (end === "expired") expired.push(name);
      else if (end === "soon") expiring.push(`${name} (${token.expiresAt?.slice(0, 10)})`);
      if (isUnused(token, nowMs)) unused.push(name);
    }
  }
  const findings: Finding[] = [];
  const tell = (
    check: string,
    code: "EXPIRED" | "EXPIRES_SOON" | "TOKEN_UNUSED",
    names: readonly string[],
    hint: string,
  ) => {
    if (names.length === 0) return;
    const tokens = names.length === 1 ? "this token" : `these ${names.length} tokens`;
    const [what] = {
      EXPIRED: [`${tokens} expired and ${names.length === 1 ? "is" : "are"} rejected`],
      EXPIRES_SOON: [`${tokens} will expire soon`],
      TOKEN_UNUSED: [`nobody has used ${tokens} for long`],
    }[code];
    findings.push(warning(subject, check, { code, message: `${what}: ${listSome(names)}`, hint }));
  };
  tell(
    "expired",
    "EXPIRED",
    expired,
    "give them new values with `vtb-setup token rotate` or in their files, or delete them",
  );
  tell(
    "expiring",
    "EXPIRES_SOON",
    expiring,
    "give them new values with `vtb-setup token rotate` or in their files, and pass these on",
  );
  tell(
    "unused",
    "TOKEN_UNUSED",
    unused,
    "ask their contact persons, and revoke what nobody needs with `vtb-setup token revoke`",
  );
  if (findings.length > 0) return findings;
  return [ok(subject, "tokens", count === 0 ? "none" : `${count}; none expires soon, none is unused`)];
}

function endOf(
  { owner, state, expiresAt }: ListedToken,
  policies: readonly TokenPolicy[],
  nowMs: number,
): "expired" | "soon" | undefined {
  if (state === "expired") return "expired";
  if (expiresAt === null || state !== "active") return undefined;
  const beforeMs = warnBeforeMs(policiesFor(owner, policies)) || usualWarnBeforeMs;
  return Date.parse(expiresAt) - nowMs < beforeMs ? "soon" : undefined;
}

function isUnused({ state, createdAt, lastUsedAt }: ListedToken, nowMs: number): boolean {
  if (state === "unused") return true;
  return state === "active" && nowMs - Date.parse(lastUsedAt ?? createdAt) > unusedAfterMs;
}
