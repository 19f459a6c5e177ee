import { randomUUID } from "node:crypto";
import type { Transaction } from "kysely";
import type { Connection } from "../database/database.js";
import { createWriter, type LiveDatabase, type PoolOptions } from "../database/live-database.js";
import { type LockedResult, withLock } from "../database/lock.js";
import { openLiveDatabase } from "../database/open.js";
import { parseList, type Tables } from "../database/tables.js";
import { SetupError } from "../errors.js";
import { createToken } from "./create-token.js";
import {
  type CreateTokenOutcome,
  type NewToken,
  type RevokeTokenOutcome,
  refusal,
  type TokenToRevoke,
} from "./outcome.js";
import { type Account, type RecordOptions, readAccount, recordTokenChange } from "./record.js";

export interface TokenDeskOptions {
  /** The auth database's URL, as `vtb-setup apply` prepared it. */
  readonly database: string;
  /** Where the parts of the database's address are looked up that it leaves open; the process's own unless given. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** How many connections to a server; a file has no use for it. */
  readonly pool?: PoolOptions | undefined;
  /** In milliseconds, as `Date.now`, which it is by default. */
  readonly now?: (() => number) | undefined;
}

/**
 * Makes, lists and ends people's API tokens while a program runs. It asks no questions: whoever calls it has made sure that
 * the person is the user, or may act for them.
 *
 * Each function throws a SetupError when the database does not answer or another writer did not end in time (unavailable).
 */
export interface TokenDesk {
  /** Whose tokens these are, for the page that shows them; undefined where there is no such user. */
  readonly account: (userId: string) => Promise<Account | undefined>;
  /** By identifier; those that a configuration file manages as well. */
  readonly list: (userId: string) => Promise<readonly TokenSummary[]>;
  /** A new token works at once. */
  readonly create: (wanted: NewToken) => Promise<CreateTokenOutcome>;
  /** Only a user's own, and only what was made at run time. Every verifier refuses it as soon as it sees the change. */
  readonly revoke: (token: TokenToRevoke) => Promise<RevokeTokenOutcome>;
  readonly close: () => Promise<void>;
}

const lockTimeoutMs = 2000;
const sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

/**
 * Opens the auth database for the API tokens that people make themselves.
 *
 * @throws SetupError when the database is not there, not prepared by `vtb-setup apply` (unavailable), or newer than this
 * version (refused)
 */
export async function createTokenDesk({
  database: url,
  env = process.env,
  now = Date.now,
  pool,
}: TokenDeskOptions): Promise<TokenDesk> {
  const database = await openLiveDatabase(url, "read", { env, pool });
  const asked = <T>(work: () => Promise<T>): Promise<T> => explained(database, work);
  try {
    // What is wrong with the database is said at the start.
    await asked(async () => database.changes.current());
  } catch (error) {
    await database.close();
    throw error;
  }
  const writer = createWriter(database.openWriter);
  const options = { now, newId: randomUUID };
  const lock = { ...options, timeoutMs: lockTimeoutMs, sleep, hasTables: true };
  const change = <T>(work: (tx: Transaction<Tables>) => Promise<LockedResult<T>>): Promise<T> =>
    asked(() => writer.use((open) => withLock(open, lock, work)));
  return {
    account: (userId) => asked(() => readAccount(database.kysely, userId)),
    list: (userId) => asked(() => listTokens(database.kysely, userId)),
    create: (wanted) => change((tx) => createToken(tx, wanted, options)),
    revoke: (token) => change((tx) => revokeToken(tx, token, options)),
    async close() {
      await writer.close();
      await database.close();
    },
  };
}

/** The same, whose errors tell nothing that the database quotes. */
async function explained<T>(database: LiveDatabase, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SetupError) throw error;
    throw database.explain(error) ?? error;
  }
}

/** An API token as its user may see it. Times are ISO 8601 in UTC. */
export interface TokenSummary {
  readonly identifier: string;
  readonly contactPerson: string;
  readonly email: string;
  readonly organization: string;
  readonly application: string;
  readonly administration: string;
  /** Null for all that the user may do. */
  readonly permissions: readonly string[] | null;
  readonly createdAt: string;
  /** Null where it never does. */
  readonly expiresAt: string | null;
  /** To the minute; null where it never was. */
  readonly lastUsedAt: string | null;
  /** A configuration file says what it is, so it is changed and ended there. */
  readonly isManaged: boolean;
}

/** A user's tokens, by their identifiers. */
async function listTokens(db: Connection, userId: string): Promise<readonly TokenSummary[]> {
  const rows = await db.selectFrom("api_tokens").selectAll().where("user_id", "=", userId).execute();
  return rows
    .map((row) => ({
      identifier: row.identifier,
      contactPerson: row.contact_person,
      email: row.email,
      organization: row.organization,
      application: row.application,
      administration: row.administration,
      permissions: row.permissions === null ? null : parseList(row.permissions),
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      lastUsedAt: row.last_used_at,
      isManaged: row.owner !== null,
    }))
    .sort((one, other) => (one.identifier < other.identifier ? -1 : 1));
}

/** Ends one of a user's own tokens inside of a transaction that holds the lock; its earlier values end with it. */
async function revokeToken(
  tx: Transaction<Tables>,
  { userId, identifier, actor }: TokenToRevoke,
  options: RecordOptions,
): Promise<LockedResult<RevokeTokenOutcome>> {
  const row = await tx
    .selectFrom("api_tokens")
    .select(["id", "owner"])
    .where("identifier", "=", identifier)
    .where("user_id", "=", userId)
    .executeTakeFirst();
  if (!row) {
    // The same for somebody else's: whose tokens there are is nobody's business.
    const message = "the user has no token with that identifier";
    return { commit: false, value: refusal([{ code: "not_found", field: "identifier", message }]) };
  }
  if (row.owner !== null) {
    const message = "the token is managed by a configuration file: end it there, with `state: absent`";
    return { commit: false, value: refusal([{ code: "managed_by_configuration", field: "identifier", message }]) };
  }
  await tx.deleteFrom("api_tokens").where("id", "=", row.id).execute();
  await recordTokenChange(tx, actor, { action: "delete", key: identifier, id: row.id, fields: [] }, options);
  return { commit: true, value: { kind: "revoked" } };
}
