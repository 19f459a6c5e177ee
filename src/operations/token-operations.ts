import { randomUUID } from "node:crypto";
import type { Transaction } from "kysely";
import type { Connection } from "../database/database.js";
import { isProtected } from "../database/entry-settings.js";
import { createWriter, type PoolOptions } from "../database/live-database.js";
import { type LockedResult, withLock } from "../database/lock.js";
import { openLiveDatabase } from "../database/open.js";
import { parseList, type Tables } from "../database/tables.js";
import { sleep } from "../retry.js";
import { createSignRun } from "../secrets/journal-key.js";
import { isCurrentMembership } from "../users/principal.js";
import { readPolicies } from "../users/read-token-policies.js";
import { expiryOf, policiesFor } from "../users/token-policy.js";
import { createToken } from "./create-token.js";
import { timesOf } from "./list-tokens.js";
import {
  type CreateTokenOutcome,
  type NewToken,
  type RevokeTokenOutcome,
  refusal,
  type TokenToRevoke,
} from "./outcome.js";
import { type RecordOptions, recordChanges } from "./record.js";
import { revokeAllValues } from "./revoke-tokens.js";

export interface TokenOperationsOptions {
  /** The auth database's URL, as `vtb-setup apply` prepared it. */
  readonly database: string;
  /**
   * The variables that supply the database address's missing parts, and the sealing key, with which the journal is signed. Defaults
   * to the process's own.
   */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** How many connections to a server; ignored for a file. */
  readonly pool?: PoolOptions | undefined;
  /** In milliseconds. Defaults to `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * Creates, lists and revokes people's API tokens at run time. It does no authorization: the caller must ensure that the person
 * is the user, or may act for them.
 *
 * Each function throws a SetupError when the database does not answer or another writer does not finish in time (unavailable).
 */
export interface TokenOperations {
  /** The owner of the tokens, for the page that shows them; undefined where there is no such user. */
  readonly account: (userId: string) => Promise<Account | undefined>;
  /** Sorted by identifier; includes those that a configuration file manages. */
  readonly list: (userId: string) => Promise<readonly TokenSummary[]>;
  /** A new token works at once. */
  readonly create: (requested: NewToken) => Promise<CreateTokenOutcome>;
  /** Only a user's own token that was created at run time. Every verifier rejects it as soon as it sees the change. */
  readonly revoke: (token: TokenToRevoke) => Promise<RevokeTokenOutcome>;
  readonly close: () => Promise<void>;
}

const lockTimeoutMs = 2000;

/**
 * Opens the auth database for the API tokens that people create themselves.
 *
 * @throws SetupError when the database is missing, not prepared by `vtb-setup apply` (unavailable), or newer than this version
 * (refused)
 */
export async function createTokenOperations({
  database: url,
  env = process.env,
  now = Date.now,
  pool,
}: TokenOperationsOptions): Promise<TokenOperations> {
  const database = await openLiveDatabase(url, "read", { env, pool });
  try {
    // Reports a faulty database at the start.
    await database.changes.current();
  } catch (error) {
    await database.close();
    throw error;
  }
  const writer = createWriter(database.openWriter);
  const sign = createSignRun({ env, keyFile: database.keyFile });
  const options = { now, newId: randomUUID, through: "self-service", sign } as const;
  const lock = { now, newId: randomUUID, timeoutMs: lockTimeoutMs, sleep, hasTables: true };
  const change = <T>(work: (tx: Transaction<Tables>) => Promise<LockedResult<T>>): Promise<T> =>
    writer.use((open) => withLock(open, lock, work));
  return {
    account: (userId) => readAccount(database.kysely, userId, now()),
    list: (userId) => listTokens(database.kysely, userId),
    create: (requested) => change((tx) => createToken(tx, requested, options)),
    revoke: (token) => change((tx) => revokeToken(tx, token, options)),
    async close() {
      await writer.close();
      await database.close();
    },
  };
}

/** A user's view of an API token. Times are ISO 8601 in UTC. */
export interface TokenSummary {
  readonly identifier: string;
  readonly contactPerson: string;
  readonly email: string;
  readonly organization: string;
  readonly application: string;
  readonly administration: string;
  readonly description: string;
  /** The addresses and networks that it may be used from; null for all. */
  readonly allowedIps: readonly string[] | null;
  /** How many requests it may make, such as `100/m`; null for any number. */
  readonly rateLimit: string | null;
  /** Null for all of the user's permissions. */
  readonly permissions: readonly string[] | null;
  readonly createdAt: string;
  /** Null if it worked from the start. */
  readonly validFrom: string | null;
  /** When it ends, by itself or by the `max_lifetime` of a policy; null if never. */
  readonly expiresAt: string | null;
  /** To the minute; null if it was never used. */
  readonly lastUsedAt: string | null;
  /** A configuration file defines it, so it can be changed and revoked only there. */
  readonly isManaged: boolean;
  /** An operator has revoked it. */
  readonly isRevoked: boolean;
  /** An operator or its file has disabled it, until they enable it. */
  readonly isDisabled: boolean;
}

/** A user's tokens, sorted by identifier. */
async function listTokens(db: Connection, userId: string): Promise<readonly TokenSummary[]> {
  const policies = await readPolicies(db);
  const rows = await db
    .selectFrom("api_tokens")
    .leftJoin("api_token_revoked", "api_token_revoked.digest", "api_tokens.digest")
    .selectAll("api_tokens")
    .select("revoked_at")
    .where("user_id", "=", userId)
    .execute();
  return rows
    .map((row) => ({
      identifier: row.identifier,
      contactPerson: row.contact_person,
      email: row.email,
      organization: row.organization,
      application: row.application,
      administration: row.administration,
      description: row.description,
      allowedIps: row.allowed_ips === null ? null : parseList(row.allowed_ips),
      rateLimit: row.rate_limit,
      permissions: row.permissions === null ? null : parseList(row.permissions),
      createdAt: row.created_at,
      validFrom: row.valid_from,
      expiresAt: expiryOf(policiesFor(row.owner, policies), timesOf(row)),
      lastUsedAt: row.last_used_at,
      isManaged: row.owner !== null,
      isRevoked: row.revoked_at !== null,
      isDisabled: row.disabled_at !== null || row.enabled === 0,
    }))
    .sort((one, other) => (one.identifier < other.identifier ? -1 : 1));
}

/** Revokes one of a user's own tokens, with its earlier values, inside a transaction that holds the lock. */
async function revokeToken(
  tx: Transaction<Tables>,
  { userId, identifier, actor }: TokenToRevoke,
  options: RecordOptions,
): Promise<LockedResult<RevokeTokenOutcome>> {
  const row = await tx
    .selectFrom("api_tokens")
    .select(["id", "owner", "digest"])
    .where("identifier", "=", identifier)
    .where("user_id", "=", userId)
    .executeTakeFirst();
  if (!row) {
    // The same for another user's token, so that nobody learns which tokens others have.
    const message = "the user has no token with that identifier";
    return { commit: false, value: refusal([{ code: "not_found", field: "identifier", message }]) };
  }
  if (row.owner !== null) {
    const message = "the token is managed by a configuration file: revoke it there, with `state: absent`";
    return { commit: false, value: refusal([{ code: "managed_by_configuration", field: "identifier", message }]) };
  }
  // Its value stays revoked when its row is gone.
  const revoked = await revokeAllValues(tx, [{ ...row, identifier }], { actor, reason: "other" }, options);
  // A protected row stays, but its values work no more.
  const isKept = await isProtected(tx, "api_token", row.id);
  if (!isKept) await tx.deleteFrom("api_tokens").where("id", "=", row.id).execute();
  const deletion = { action: "delete", kind: "api_token", key: identifier, id: row.id, fields: [] } as const;
  await recordChanges(tx, { actor }, isKept ? revoked.changes : [deletion], options);
  return { commit: true, value: { kind: "revoked" } };
}

/** A user's own view of its account. Its permissions are in the session's principal. */
export interface Account {
  readonly username: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  /** By name, from every source: a file, a person or a sign-in. Without those whose membership has ended. */
  readonly groups: readonly string[];
}

/** Undefined where there is no such user. */
async function readAccount(db: Connection, userId: string, nowMs: number): Promise<Account | undefined> {
  const user = await db
    .selectFrom("users")
    .select(["username", "first_name", "last_name", "email"])
    .where("id", "=", userId)
    .executeTakeFirst();
  if (!user) return undefined;
  const groups = await db
    .selectFrom("user_groups")
    .innerJoin("groups", "groups.id", "user_groups.group_id")
    .select("groups.name")
    .distinct()
    .where("user_groups.user_id", "=", userId)
    .where(isCurrentMembership(new Date(nowMs).toISOString()))
    .execute();
  return {
    username: user.username,
    firstName: user.first_name,
    lastName: user.last_name,
    email: user.email,
    groups: groups.map(({ name }) => name).sort(),
  };
}
