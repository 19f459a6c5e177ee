import { createRequire } from "node:module";
import type pg from "pg";
import { type DatabaseEnv, driverUnusable } from "../database.js";
import { parsePostgresUrl } from "./address.js";
import { passwordSource, tlsOptions } from "./credentials.js";

interface PoolOptions {
  /** How many connections there may be. */
  readonly max: number;
  /** Where the `PG*` variables and the password's file are looked up. */
  readonly env?: DatabaseEnv | undefined;
  /** How long an answer is waited for before the connection is given up. */
  readonly answerTimeoutMs?: number | undefined;
  /** Overrides what the URL says of making a connection. */
  readonly connectTimeoutMs?: number | undefined;
  /** What each session is started with, such as `default_transaction_read_only`. */
  readonly session?: Readonly<Record<string, string>> | undefined;
}

const keepAliveAfterMs = 10_000;
const int8 = 20;

/**
 * Connections to a server, made when they are needed; idle ones do not keep the process alive, and one that is lost is replaced
 * at its next use.
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
    ...{ host, port, user, database, ssl, max },
    // It would look for ~/.pgpass, and for variables of the process by itself, if it were given none.
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
  // An idle connection that is lost is told of here, and one in use also by the query that fails; unheard, either would end the
  // process.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

async function loadDriver(): Promise<typeof pg> {
  try {
    // First so: where a part of this CommonJS package is missing, an import ends the process on Node 20, whoever catches its error.
    createRequire(import.meta.url)("pg");
    return (await import("pg")).default;
  } catch (cause) {
    throw driverUnusable("pg", cause);
  }
}

/** A pool that is used in turns: those who find all connections in use wait, however long, in the order in which they came. */
export interface Connections {
  /** A connection of one's own, whose turn ends with its release. */
  readonly connect: () => Promise<pg.PoolClient>;
  /** Asks on any connection; before all who wait, where others would have to wait for this answer. */
  readonly query: (config: pg.QueryArrayConfig, isUrgent?: boolean) => Promise<pg.QueryArrayResult>;
}

interface Waiting {
  readonly begin: () => void;
  readonly fail: (error: unknown) => void;
}

/** Where one connection more could not be made, the others do for so long. */
const fewerForMs = 5000;

/**
 * Takes turns at a pool. Where the server refuses one more connection while it has others, these are used for all; a failure that
 * would meet everybody is told to all who wait.
 *
 * @param isOutage whether an error of the driver means that the server is away
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
  /** Whether there are connections to go on with; the one that failed is not counted any more. */
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

/** Hands a connection out, and waits for its release. */
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

/** Asks, unless it is known that there is no use in it. */
type CircuitBreaker = <T>(ask: () => Promise<T>) => Promise<T>;

/** After a failure nothing is asked for so long, so that requests do not wait for the same failure one after the other. */
const pauseMs = 500;

interface CircuitBreakerOptions {
  /** An error as it is told. */
  readonly explain: (error: unknown) => unknown;
  /** The failure would meet everybody who asks now. */
  readonly isShared: (problem: unknown) => boolean;
}

/** Makes the function that a server is asked through: while it is away, those who come are told the first one's error at once. */
export function createCircuitBreaker({ explain, isShared }: CircuitBreakerOptions): CircuitBreaker {
  let failure: unknown;
  let pausedUntilMs = 0;

  const fail = (error: unknown): never => {
    failure = explain(error);
    if (isShared(failure)) pausedUntilMs = performance.now() + pauseMs;
    throw failure;
  };

  return (ask) => {
    if (pausedUntilMs > 0 && performance.now() < pausedUntilMs) return Promise.reject(failure);
    return ask().catch(fail);
  };
}
