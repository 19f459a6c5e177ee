import type pg from "pg";
import { SetupError } from "../../errors.js";
import { type Database, type DatabaseEnv, isFailure, type OpenMode } from "../database.js";
import {
  type ChangeSignal,
  createOutageLog,
  type DatabaseState,
  type LiveDatabase,
  type LiveOptions,
  type PoolUsage,
} from "../live-database.js";
import { appliedMigrations, requireMigrated } from "../migrate.js";
import { isPoolSize, maxConnections, parsePostgresUrl } from "./address.js";
import { passwordSource } from "./credentials.js";
import { databaseError, type ExplainContext } from "./errors.js";
import { kyselyOverPool, prepareOn } from "./kysely-over-pool.js";
import { describePostgres } from "./open.js";
import { type Connections, createCircuitBreaker, createPool, takeTurns } from "./pool.js";

const connectTimeoutMs = 2500;

/** The server enforces its limit; the client's is a little later, for when the server stops answering. */
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
/** Few rows are written at run time, and writers wait for each other's locks. */
const maxWriters = 2;

interface Opened {
  readonly pool: pg.Pool;
  readonly max: number;
  readonly connections: Connections;
  readonly context: ExplainContext;
  readonly database: Database;
}

/**
 * Opens a database on a server for a long-running program. Connections are made when needed, and again when they are lost; none
 * is made here.
 *
 * @param mode `read` opens sessions that can't write
 * @throws RangeError for a pool size out of range
 * @throws SetupError `DATABASE_URL` (usage), `DATABASE_TLS` (refused); at use `DATABASE_UNREACHABLE`, `DATABASE_FAILED`
 * (unavailable), `DATABASE_REFUSED` (refused)
 */
export async function openLivePostgres(
  url: string,
  mode: OpenMode,
  { env = {}, pool: size = {}, onFailure }: LiveOptions,
): Promise<LiveDatabase> {
  const max = size.max ?? parsePostgresUrl(url, env).poolMax ?? defaultMax;
  if (!isPoolSize(max)) throw new RangeError(`expected pool.max to be a whole number from 1 to ${maxConnections}`);
  const reader = await openPool(url, mode, env, max);
  const { connections, context, database } = reader;
  const writer = mode === "write" ? undefined : await openPool(url, "write", env, max);
  const { lastOutage, note } = createOutageLog(onFailure);
  const ask = createCircuitBreaker(isOutage, note);
  const look = createCircuitBreaker(() => true, note);
  const stateQuery = "SELECT store_id, revision FROM setup_state WHERE id = 1";
  // All callers wait for this query.
  const readState = prepareOn(connections, context, stateQuery, { isUrgent: true });
  const changes = followServer(
    () => look(() => stateOf(readState<readonly [storeId: string, revision: number]>)),
    () => look(async () => requireMigrated(await appliedMigrations(database.kysely))),
  );
  return {
    ...database,
    changes,
    prepare: (query, how) => {
      const read = prepareOn(connections, context, query.sql, how);
      return (...parameters) => ask(() => read(...parameters));
    },
    jsonArray: "json_build_array",
    jsonList: "json_agg",
    // A server is never replaced under its connections.
    generation: () => 0,
    // Its connections stay open for the next writer.
    openWriter: async () => ({ ...(writer?.database ?? database), close: async () => {} }),
    lastOutage,
    pools: () => [usageOf(mode, reader), ...(writer ? [usageOf("write", writer)] : [])],
    async close() {
      changes.stop();
      await Promise.all([closePool(reader), writer && closePool(writer)]);
    },
  };
}

async function openPool(url: string, mode: OpenMode, env: DatabaseEnv, size: number): Promise<Opened> {
  const address = parsePostgresUrl(url, env);
  const max = mode === "read" ? size : Math.min(size, maxWriters);
  const pool = await createPool(url, { ...sessions[mode], max, connectTimeoutMs, env });
  const context = { location: address.location, passwordFrom: passwordSource(address, env).name };
  const connections = takeTurns(pool, max, (error) => isOutage(databaseError(error, context)));
  const kysely = kyselyOverPool(pool, context, connections.connect);
  return { pool, max, connections, context, database: describePostgres(kysely, context.location) };
}

function usageOf(name: OpenMode, { pool, max, connections }: Opened): PoolUsage {
  return { name, max, total: pool.totalCount, idle: pool.idleCount, waiting: connections.waiting() };
}

/** Closing the database closes the pool only if the database was used. */
async function closePool({ pool, database }: Pick<Opened, "pool" | "database">): Promise<void> {
  await database.close();
  if (!pool.ending) await pool.end();
}

/** A database without tables has no state yet. */
async function stateOf(
  read: () => Promise<readonly [storeId: string, revision: number] | undefined>,
): Promise<StateRow> {
  try {
    const [storeId, revision] = (await read()) ?? ["", 0];
    return { storeId, revision };
  } catch (error) {
    if (isFailure(error, "table_missing")) return { storeId: "", revision: 0 };
    throw error;
  }
}

function isOutage(diagnostic: unknown): boolean {
  return diagnostic instanceof SetupError && diagnostic.reason === "unavailable";
}

/** What distinguishes one state of a database from another. */
export interface StateRow extends DatabaseState {
  readonly storeId: string;
}

interface ServerSignal extends ChangeSignal {
  /** Stops trusting the last answer. */
  readonly stop: () => void;
}

/** An answer is as old as its query, and must be younger than a second whenever a request is accepted by it. */
const trustedMs = 900;
/** From this age on the next query is under way, so that hardly any request waits for its answer. */
const renewedAfterMs = 800;

interface Look {
  readonly askedAtMs: number;
  readonly state: Promise<StateRow>;
}

/**
 * Returns an object that is replaced when the revision changes. It queries the server about once a second while requests come,
 * and not at all otherwise; concurrent callers share the answer, and the failure.
 *
 * @param read queries the server
 * @param check checks whether the program supports a new state
 */
export function followServer(read: () => Promise<StateRow>, check: () => Promise<void>): ServerSignal {
  let seen: StateRow | undefined;
  let seenAtMs = Number.NEGATIVE_INFINITY;
  let looking: Look | undefined;

  const ask = async (askedAtMs: number): Promise<StateRow> => {
    try {
      const found = await read();
      if (!seen || found.revision !== seen.revision || found.storeId !== seen.storeId) {
        await check();
        seen = found;
      }
      seenAtMs = askedAtMs;
      return seen;
    } finally {
      looking = undefined;
    }
  };

  const look = (): Look => {
    const askedAtMs = performance.now();
    looking ??= { askedAtMs, state: ask(askedAtMs) };
    return looking;
  };

  const wait = async (calledAtMs: number, atLeast: number): Promise<DatabaseState> => {
    const { askedAtMs, state } = look();
    const found = await state;
    if (calledAtMs - askedAtMs < trustedMs && found.revision >= atLeast) return found;
    // The query under way was too old for this call.
    return look().state;
  };

  return {
    current(atLeast = 0) {
      const nowMs = performance.now();
      if (!seen || seen.revision < atLeast || nowMs - seenAtMs >= trustedMs) return wait(nowMs, atLeast);
      // A caller that needs the answer gets the failure.
      if (!looking && nowMs - seenAtMs >= renewedAfterMs) look().state.catch(() => {});
      return seen;
    },
    stop() {
      seen = undefined;
    },
  };
}
