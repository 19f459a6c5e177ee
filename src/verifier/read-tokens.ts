import type { LiveDatabase } from "../database/live-database.js";
import { parseList } from "../database/tables.js";
import { type Eventual, follow } from "../eventual.js";
import { type GrantRow, type Grants, grantsOf, selectGrants } from "../users/principal.js";

/** An API token with its user, as the database has it. */
export interface StoredToken {
  readonly id: string;
  readonly identifier: string;
  /** Null for all that the user may do. */
  readonly narrowedTo: readonly string[] | null;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
  /** Null for the current value; for a replaced one, until when it works. */
  readonly validUntil: string | null;
  readonly isUserActive: boolean;
  readonly grants: Grants;
}

type TokenRow = readonly [
  ...GrantRow,
  id: string,
  identifier: string,
  permissions: string | null,
  expiresAt: string | null,
  lastUsedAt: string | null,
  validUntil: string | null,
];

/** Gives a look-up of tokens by digest, the current one or one in its grace period, through prepared statements. */
export function prepareTokenLookup(database: LiveDatabase): (digest: string) => Eventual<StoredToken | undefined> {
  const columns = [
    "api_tokens.id as token_id",
    "api_tokens.identifier",
    "api_tokens.permissions",
    "api_tokens.expires_at",
    "api_tokens.last_used_at",
  ] as const;
  const tokens = database.kysely
    .selectFrom("users")
    .innerJoin("api_tokens", "api_tokens.user_id", "users.id")
    .select(selectGrants(database))
    .select(columns);
  const current = database.prepare<TokenRow>(
    tokens
      .select((eb) => eb.lit(null).as("valid_until"))
      .where("api_tokens.digest", "=", "")
      .compile(),
  );
  const retired = database.prepare<TokenRow>(
    tokens
      .innerJoin("api_token_retired", "api_token_retired.token_id", "api_tokens.id")
      .select("api_token_retired.valid_until")
      .where("api_token_retired.digest", "=", "")
      .compile(),
  );
  return (digest) =>
    follow(current(digest), (row) =>
      row ? readRow(row) : follow(retired(digest), (found) => found && readRow(found)),
    );
}

function readRow(row: TokenRow): StoredToken {
  const [, , isActive, , , , , , id, identifier, permissions, expiresAt, lastUsedAt, validUntil] = row;
  return {
    id,
    identifier,
    narrowedTo: permissions === null ? null : parseList(permissions),
    expiresAt,
    lastUsedAt,
    validUntil,
    isUserActive: isActive === 1,
    grants: grantsOf(row),
  };
}
