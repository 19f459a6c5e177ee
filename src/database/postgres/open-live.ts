import type pg from "pg";
import { SetupError } from "../../errors.js";
import type { Database, DatabaseEnv, OpenMode } from "../database.js";
import type { LiveDatabase, LiveOptions } from "../live-database.js";
import { appliedMigrations } from "../migrate.js";
import { requireMigrated } from "../require-migrated.js";
import { isPoolSize, mostConnections, parsePostgresUrl } from "./address.js";
import { followServer, type StateRow } from "./change-signal.js";
import { type Connections, takeTurns } from "./connections.js";
import { describePostgres } from "./describe.js";
import { explainPostgres } from "./errors.js";
import { cleanFailure } from "./failure.js";
import { createGuard } from "./guard.js";
import { kyselyOverPool } from "./kysely-over-pool.js";
import { passwordSource } from "./password.js";
import { createPool } from "./pool.js";
import { prepareOn } from "./prepared-query.js";

const connectTimeoutMs = 2500;

/** Bounded by the server, and a little later from here, where the server says nothing any more. */
const sessions = {
  read: {
    answerTimeoutMs: 2500,
    session: { default_transaction_read_only: "on", statement_timeout: "2000" },
  },
  write: {
    answerTimeoutMs: 6000,
    session: { lock_timeout: "1000", statement_timeout: "5000", idle_in_transaction_session_timeout: "10000" },
  },
} as const;

const defaultMax = 5;
/** Few rows are written at run time, and those who write wait for each other's locks. */
const mostWriters = 2;

interface Opened {
  readonly pool: pg.Pool;
  readonly connections: Connections;
  readonly database: Database;
}

/**
 * A database on a server, for a program that runs for long. Connections are made when they are needed, and again when they are
 * lost; none is made here.
 *
 * @param mode `read` opens sessions that can't write
 * @throws RangeError for a pool's size that is out of its range
 * @throws SetupError `DATABASE_URL` (usage), `DATABASE_TLS` (refused); at use `DATABASE_UNREACHABLE`, `DATABASE_FAILED`
 * (unavailable), `DATABASE_REFUSED` (refused)
 */
export async function openLivePostgres(
  url: string,
  mode: OpenMode,
  { env = {}, pool: size = {} }: LiveOptions,
): Promise<LiveDatabase> {
  const max = size.max ?? parsePostgresUrl(url, env).poolMax ?? defaultMax;
  if (!isPoolSize(max)) throw new RangeError(`expected pool.max to be a whole number from 1 to ${mostConnections}`);
  const { pool, connections, database } = await openPool(url, mode, env, max);
  const writer = mode === "write" ? undefined : await openPool(url, "write", env, max);
  const explain = (error: unknown) => (error instanceof SetupError ? error : (database.explain(error) ?? error));
  const ask = createGuard({ explain, isShared: isOutage });
  const look = createGuard({ explain, isShared: () => true });
  const stateQuery = "SELECT store_id, revision FROM setup_state WHERE id = 1";
  // All who come wait for this one.
  const readState = prepareOn(connections, stateQuery, { isUrgent: true });
  const changes = followServer(
    () => look(() => stateOf(database, readState<readonly [storeId: string, revision: number]>)),
    () => look(async () => requireMigrated(await appliedMigrations(database))),
  );
  return {
    ...database,
    changes,
    prepare: (query) => {
      const read = prepareOn(connections, query.sql);
      return (...parameters) => ask(() => read(...parameters));
    },
    jsonList: "json_agg",
    // A server is not exchanged for another one under its connections.
    generation: () => 0,
    // Its connections stay for the next one who writes.
    openWriter: async () => ({ ...(writer?.database ?? database), close: async () => {} }),
    async close() {
      changes.stop();
      await Promise.all([closePool({ pool, connections, database }), writer && closePool(writer)]);
    },
  };
}

async function openPool(url: string, mode: OpenMode, env: DatabaseEnv, size: number): Promise<Opened> {
  const address = parsePostgresUrl(url, env);
  const max = mode === "read" ? size : Math.min(size, mostWriters);
  const pool = await createPool(url, { ...sessions[mode], max, connectTimeoutMs, env });
  const context = { location: address.location, passwordFrom: passwordSource(address, env).name };
  const connections = takeTurns(pool, max, (error) => {
    const told = error instanceof SetupError ? error : explainPostgres(cleanFailure(error), context);
    return isOutage(told);
  });
  return { pool, connections, database: describePostgres(kyselyOverPool(pool, connections.connect), context) };
}

/** The pool is closed with the database only where that was used. */
async function closePool({ pool, database }: Opened): Promise<void> {
  await database.close();
  if (!pool.ending) await pool.end();
}

/** A database without tables has no state yet. */
async function stateOf(
  { isMissingTable }: Database,
  read: () => Promise<readonly [storeId: string, revision: number] | undefined>,
): Promise<StateRow> {
  try {
    const [storeId, revision] = (await read()) ?? ["", 0];
    return { storeId, revision };
  } catch (error) {
    if (isMissingTable(error)) return { storeId: "", revision: 0 };
    throw error;
  }
}

function isOutage(problem: unknown): boolean {
  return problem instanceof SetupError && problem.reason === "unavailable";
}
