import type { LiveDatabase } from "../database/live-database.js";
import { parseList } from "../database/tables.js";
import { andThen, type MaybePromise } from "../maybe-promise.js";
import { type GrantRow, type Grants, grantsOf, type PrincipalToken, selectGrants } from "../users/principal.js";
import { momentOf } from "../users/token-policy.js";
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
  /** Null for all permissions of the user. */
  readonly narrowedTo: readonly string[] | null;
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
  readonly grants: Grants;
  readonly restrictions: Restrictions | undefined;
  /** Made only where a program asks: few do, and it takes as long as reading permissions. */
  readonly describe: (endsAtMs: number) => PrincipalToken;
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
  createdAt: string,
  permissions: string | null,
  expiresAt: string | null,
  disabledAt: string | null,
  enabled: number,
  validFrom: string | null,
  allowedIps: string | null,
  rateLimit: string | null,
  organization: string,
  application: string,
  administration: string,
  contactPerson: string,
  email: string,
  description: string,
  digest: string,
  since: string | null,
  lastUsedAt: string | null,
  validUntil: string | null,
  revokedAt: string | null,
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
  const columns = [
    "api_tokens.identifier",
    "api_tokens.owner",
    "api_tokens.created_at",
    "api_tokens.permissions",
    "api_tokens.expires_at",
    "disabled_at",
    "enabled",
    "valid_from",
    "allowed_ips",
    "rate_limit",
    "organization",
    "application",
    "administration",
    "contact_person",
    "api_tokens.email",
    "description",
  ] as const;
  const tokens = database.kysely
    .selectFrom("users")
    .innerJoin("api_tokens", "api_tokens.user_id", "users.id")
    .select(selectGrants(database))
    .select(columns);
  const current = database.prepare<TokenRow>(
    tokens
      .leftJoin("api_token_revoked", "api_token_revoked.digest", "api_tokens.digest")
      .select(["api_tokens.digest", "value_since", "api_tokens.last_used_at"])
      .select((eb) => [eb.lit(null).as("valid_until"), "revoked_at"])
      .where("api_tokens.digest", "=", "")
      .compile(),
  );
  const retired = database.prepare<TokenRow>(
    tokens
      .innerJoin("api_token_retired", "api_token_retired.token_id", "api_tokens.id")
      .leftJoin("api_token_revoked", "api_token_revoked.digest", "api_token_retired.digest")
      .select(["api_token_retired.digest", "api_token_retired.since", "api_token_retired.last_used_at"])
      .select(["api_token_retired.valid_until", "api_token_revoked.revoked_at"])
      .where("api_token_retired.digest", "=", "")
      .compile(),
  );
  const revoked = database.prepare<readonly [identifier: string]>(
    database.kysely.selectFrom("api_token_revoked").select("identifier").where("digest", "=", "").compile(),
  );
  return (digest) =>
    andThen(current(digest), (row) => {
      if (row) return readRow(row, now());
      return andThen(retired(digest), (found) => {
        if (found) return readRow(found, now());
        return andThen(revoked(digest), (ended) => ended && { kind: "revoked", identifier: ended[0] });
      });
    });
}

function readRow(row: TokenRow, nowMs: number): StoredToken {
  const [
    ,
    ,
    isActive,
    ,
    ,
    ,
    ,
    ,
    ,
    identifier,
    owner,
    createdAt,
    permissions,
    expiresAt,
    disabledAt,
    enabled,
    validFrom,
    allowedIps,
    rateLimit,
    organization,
    application,
    administration,
    contactPerson,
    email,
    description,
    digest,
    since,
    lastUsedAt,
    validUntil,
    revokedAt,
  ] = row;
  return {
    kind: "stored",
    digest,
    identifier,
    owner,
    since: since ?? createdAt,
    narrowedTo: permissions === null ? null : parseList(permissions),
    expiresAt,
    validFrom,
    lastUsedAt,
    validUntil,
    isRevoked: revokedAt !== null,
    isDisabled: disabledAt !== null || enabled !== 1,
    isUserActive: isActive === 1,
    grants: grantsOf(row, nowMs),
    restrictions: restrictionsOf(allowedIps === null ? null : parseList(allowedIps), rateLimit),
    describe: (endsAtMs) =>
      Object.freeze({
        identifier,
        organization,
        application,
        administration,
        expiresAt: momentOf(endsAtMs),
        meta: Object.freeze({ contactPerson, email, description }),
      }),
  };
}
