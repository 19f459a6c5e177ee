import { sql } from "kysely";
import type { LiveDatabase } from "../database/live-database.js";
import { type Flag, parseList } from "../database/tables.js";
import { andThen, type MaybePromise } from "../maybe-promise.js";
import { createGrantReader, type GrantRow, type Grants, type ReadGrants, selectGrants } from "../users/principal.js";
import { type Restrictions, restrictionsOf } from "./token-use.js";

/** An API token with its user, as stored. */
export interface StoredToken {
  readonly kind: "stored";
  /** Of the value that was looked up. */
  readonly digest: string;
  readonly identifier: string;
  /** The configuration owner that manages it. */
  readonly owner: string | null;
  /** When that value became the token's. */
  readonly since: string;
  readonly expiresAt: string | null;
  /** Null if it worked from the start. */
  readonly validFrom: string | null;
  /** When that value was last used. */
  readonly lastUsedAt: string | null;
  /** Null for the current value; for a replaced one, the end of its grace period. */
  readonly validUntil: string | null;
  readonly isRevoked: boolean;
  /** By a command or by its file. */
  readonly isDisabled: boolean;
  readonly isUserActive: boolean;
  /** The user's, limited to those of the token. */
  readonly grants: Grants;
  readonly restrictions: Restrictions | undefined;
  /** What people wrote about it, as `TokenDetails` has it. */
  readonly texts: string;
}

/** A revoked value that no token has any more, under the identifier of the one that had it. */
export interface RevokedToken {
  readonly kind: "revoked";
  readonly identifier: string;
}

type TokenRow = readonly [
  ...GrantRow,
  identifier: string,
  owner: string | null,
  permissions: string | null,
  expiresAt: string | null,
  isDisabled: number,
  validFrom: string | null,
  allowedIps: string | null,
  rateLimit: string | null,
  texts: string,
  since: string,
  lastUsedAt: string | null,
  revokedAt: string | null,
  validUntil: string | null,
];

/**
 * Prepares a look-up of tokens by digest: current, in their grace period, or revoked.
 *
 * @param now in milliseconds
 */
export function prepareTokenLookup(
  database: LiveDatabase,
  now: () => number,
): (digest: string) => MaybePromise<StoredToken | RevokedToken | undefined> {
  // Each column takes time, and each text memory for as long as the token is known.
  const about = ["organization", "application", "administration", "contact_person", "api_tokens.email", "description"];
  const texts = sql`${sql.raw(database.jsonArray)}(${sql.join(about.map((name) => sql.ref(name)))})`;
  const tokens = database.kysely
    .selectFrom("users")
    .innerJoin("api_tokens", "api_tokens.user_id", "users.id")
    .select(selectGrants(database))
    .select(["api_tokens.identifier", "api_tokens.owner", "api_tokens.permissions", "api_tokens.expires_at"])
    .select(sql<Flag>`case when disabled_at is null and enabled = 1 then 0 else 1 end`.as("is_disabled"))
    .select(["valid_from", "allowed_ips", "rate_limit"])
    .select(sql<string>`cast(${texts} as text)`.as("texts"));
  const current = database.prepare<TokenRow>(
    tokens
      .leftJoin("api_token_revoked", "api_token_revoked.digest", "api_tokens.digest")
      .select(({ fn }) => fn.coalesce("value_since", "api_tokens.created_at").as("since"))
      .select(["api_tokens.last_used_at", "revoked_at"])
      .select(({ lit }) => lit(null).as("valid_until"))
      .where("api_tokens.digest", "=", "")
      .compile(),
  );
  const retired = database.prepare<TokenRow>(
    tokens
      .innerJoin("api_token_retired", "api_token_retired.token_id", "api_tokens.id")
      .leftJoin("api_token_revoked", "api_token_revoked.digest", "api_token_retired.digest")
      .select(({ fn }) => fn.coalesce("api_token_retired.since", "api_tokens.created_at").as("since"))
      .select(["api_token_retired.last_used_at", "api_token_revoked.revoked_at", "api_token_retired.valid_until"])
      .where("api_token_retired.digest", "=", "")
      .compile(),
  );
  const revoked = database.prepare<readonly [identifier: string]>(
    database.kysely.selectFrom("api_token_revoked").select("identifier").where("digest", "=", "").compile(),
  );
  const readGrants = createGrantReader();
  return (digest) =>
    andThen(current(digest), (row) => {
      if (row) return readRow(row, digest, readGrants, now());
      return andThen(retired(digest), (found) => {
        if (found) return readRow(found, digest, readGrants, now());
        return andThen(revoked(digest), (ended) => ended && { kind: "revoked", identifier: ended[0] });
      });
    });
}

function readRow(row: TokenRow, digest: string, readGrants: ReadGrants, nowMs: number): StoredToken {
  const [, , isActive, , , , , , identifier, owner, permissions, expiresAt, isDisabled, validFrom, ...others] = row;
  const [allowedIps, rateLimit, texts, since, lastUsedAt, revokedAt, validUntil] = others;
  return {
    kind: "stored",
    digest,
    identifier,
    owner,
    since,
    expiresAt,
    validFrom,
    lastUsedAt,
    validUntil,
    isRevoked: revokedAt !== null,
    isDisabled: isDisabled === 1,
    isUserActive: isActive === 1,
    grants: readGrants(row, nowMs, permissions),
    restrictions: restrictionsOf(allowedIps === null ? null : parseList(allowedIps), rateLimit),
    texts,
  };
}
