import { createRequire } from "node:module";
import type pg from "pg";
import type { DatabaseEnv } from "../database.js";
import { driverUnusable } from "../driver-unusable.js";
import { parsePostgresUrl } from "./address.js";
import { tlsOptions } from "./credentials.js";
import { passwordSource } from "./password.js";

export interface PoolOptions {
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
