import { createRequire } from "node:module";
import type pg from "pg";
import { type DatabaseEnv, driverUnusable } from "../database.js";
import { parsePostgresUrl } from "./address.js";
import { passwordSource, tlsOptions } from "./credentials.js";

interface PoolOptions {
  /** Maximum number of connections. */
  readonly max: number;
  /** The `PG*` variables and the one that names the password's file. */
  readonly env?: DatabaseEnv | undefined;
  /** How long to wait for an answer before dropping the connection. */
  readonly answerTimeoutMs?: number | undefined;
  /** Overrides the URL's connect timeout. */
  readonly connectTimeoutMs?: number | undefined;
  /** Settings that each session starts with, such as `default_transaction_read_only`. */
  readonly session?: Readonly<Record<string, string>> | undefined;
}

const keepAliveAfterMs = 10_000;
const int8 = 20;

/**
 * Creates a pool of connections to a server, made when needed; idle ones do not keep the process alive, and a lost one is
 * replaced at its next use.
 *
 * @param url a `postgres://` or `postgresql://` URL
 * @throws SetupError `DATABASE_URL` (usage), `DATABASE_TLS`, `DATABASE_DRIVER` (refused)
 */
export async function createPool(url: string, options: PoolOptions): Promise<pg.Pool> {
  const { max, env = {}, answerTimeoutMs, connectTimeoutMs, session = {} } = options;
  const address = parsePostgresUrl(url, env);
  const { host, port, user, database } = address;
  const password = passwordSource(address, env);
  const settings = Object.entries(session).map(([name, value]) => `-c ${name}=${value}`);
  const startOptions = [address.options, ...settings].filter(Boolean).join(" ");
  const ssl = tlsOptions(address);
  const driver = await loadDriver();
  const pool = new driver.Pool({
    Client: endingRefused(driver.Client),
    host,
    port,
    user,
    database,
    ssl,
    max,
    // Without a password, pg would look for ~/.pgpass and for the process's variables by itself.
    password: password.read,
    client_encoding: "UTF8",
    sslnegotiation: "postgres",
    application_name: address.applicationName,
    ...(startOptions !== "" && { options: startOptions }),
    connectionTimeoutMillis: connectTimeoutMs ?? address.connectTimeoutMs,
    ...(answerTimeoutMs !== undefined && { query_timeout: answerTimeoutMs }),
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveAfterMs,
    allowExitOnIdle: true,
    types: { getTypeParser: (oid, format) => (oid === int8 ? Number : driver.types.getTypeParser(oid, format)) },
  });
  // A lost idle connection emits this event; one in use emits it besides the failing query. Without a listener, either would end
  // the process.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

/** Ends a connection on which no session could start. pg leaves it open, and it takes up a place on the server for a minute. */
function endingRefused(Client: typeof pg.Client): typeof pg.Client {
  return class extends Client {
    override connect(): Promise<pg.Client>;
    override connect(callback: (error: Error) => void): void;
    override connect(callback?: (error: Error) => void): Promise<pg.Client> | undefined {
      if (callback === undefined) return super.connect();
      super.connect((error: Error) => {
        if (error) void this.end();
        callback(error);
      });
    }
  };
}

async function loadDriver(): Promise<typeof pg> {
  try {
    // `require` first: if a part of this CommonJS package is missing, an import ends the process on Node 20, even with a catch.
    createRequire(import.meta.url)("pg");
    return (await import("pg")).default;
  } catch (cause) {
    throw driverUnusable("pg", cause);
  }
}

/** A pool that is used in turns: when all connections are in use, callers wait in the order in which they came, without limit. */
export interface Connections {
  /** An exclusive connection; its turn ends with its release. */
  readonly connect: () => Promise<pg.PoolClient>;
  /** Queries on any connection. `isUrgent` goes before all waiting callers, for an answer that others depend on. */
  readonly query: (config: pg.QueryArrayConfig, isUrgent?: boolean) => Promise<pg.QueryArrayResult>;
  /** How many callers wait for their turn. */
  readonly waiting: () => number;
}

interface Waiting {
  readonly begin: () => void;
  readonly fail: (error: unknown) => void;
}

/** After one more connection could not be made, how long to make do with the existing ones. */
const fewerForMs = 5000;

/**
 * Takes turns at a pool. If the server refuses one more connection while others exist, all callers share those; a failure that
 * would affect every caller rejects all waiting ones.
 *
 * @param isOutage whether an error of the driver means that the server is unavailable
 */
export function takeTurns(pool: pg.Pool, max: number, isOutage: (error: unknown) => boolean): Connections {
  const waiting: Waiting[] = [];
  let taken = 0;
  let limit = max;
  let fewerUntilMs = 0;

  const goOn = (): void => {
    if (limit < max && performance.now() >= fewerUntilMs) limit = max;
    while (taken < limit) {
      const next = waiting.shift();
      if (!next) return;
      next.begin();
    }
  };
  /** Whether there are connections to continue with; the failed one no longer counts. */
  const hasOthers = (): boolean => {
    if (pool.totalCount === 0) return false;
    limit = Math.min(limit, pool.totalCount);
    fewerUntilMs = performance.now() + fewerForMs;
    return true;
  };
  const noteFailure = (error: unknown): void => {
    if (isOutage(error)) for (const { fail } of waiting.splice(0)) fail(error);
  };

  const inTurn = <T>(work: (client: pg.PoolClient) => Promise<T>, isUrgent: boolean): Promise<T> => {
    const attempt = async (): Promise<T> => {
      taken += 1;
      try {
        const client = await pool.connect().catch((error: unknown) => {
          if (isOutage(error) && hasOthers()) return undefined;
          throw error;
        });
        // Not awaited, so that this turn ends first.
        return client === undefined ? wait(attempt, true) : await work(client);
      } catch (error) {
        noteFailure(error);
        throw error;
      } finally {
        taken -= 1;
        goOn();
      }
    };
    return taken < limit ? attempt() : wait(attempt, isUrgent);
  };
  const wait = <T>(attempt: () => Promise<T>, isUrgent: boolean): Promise<T> =>
    new Promise((resolve, reject) => {
      const entry = { begin: () => void attempt().then(resolve, reject), fail: reject };
      if (isUrgent) waiting.unshift(entry);
      else waiting.push(entry);
    });

  return {
    connect: () =>
      new Promise((resolve, reject) => {
        inTurn((client) => untilRelease(client, resolve), false).catch(reject);
      }),
    query: (config, isUrgent = false) => inTurn((client) => queryOnce(client, config), isUrgent),
    waiting: () => waiting.length,
  };
}

async function queryOnce(client: pg.PoolClient, config: pg.QueryArrayConfig): Promise<pg.QueryArrayResult> {
  try {
    const result = await client.query(config);
    client.release();
    return result;
  } catch (error) {
    client.release(true);
    throw error;
  }
}

/** Hands out a connection, and waits for its release. */
function untilRelease(client: pg.PoolClient, handOut: (client: pg.PoolClient) => void): Promise<void> {
  const { release } = client;
  return new Promise((released) => {
    client.release = (broken) => {
      release.call(client, broken);
      released();
    };
    handOut(client);
  });
}

/** Runs `ask`, unless the server failed a moment ago. */
type CircuitBreaker = <T>(ask: () => Promise<T>) => Promise<T>;

/** How long no query is sent after a failure, so that requests do not wait for the same failure one after the other. */
const pauseMs = 500;

/**
 * Creates a circuit breaker for a server: while it is unavailable, callers get the first caller's error at once.
 *
 * @param isShared whether a failure would affect every query now
 * @param onFailure called for each failed query, and not for those that were not sent
 */
export function createCircuitBreaker(
  isShared: (error: unknown) => boolean,
  onFailure: (error: unknown) => void,
): CircuitBreaker {
  let failure: unknown;
  let pausedUntilMs = 0;

  const fail = (error: unknown): never => {
    failure = error;
    onFailure(error);
    if (isShared(error)) pausedUntilMs = performance.now() + pauseMs;
    throw error;
  };

  return (ask) => {
    if (pausedUntilMs > 0 && performance.now() < pausedUntilMs) return Promise.reject(failure);
    return ask().catch(fail);
  };
}
