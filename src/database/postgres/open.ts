import { type Kysely, sql } from "kysely";
import type { Diagnostic } from "../../errors.js";
import type { Database, DatabaseEnv, RunMode } from "../database.js";
import type { Tables } from "../tables.js";
import { type PostgresAddress, parsePostgresUrl } from "./address.js";
import { isOpenToListeners, passwordSource } from "./credentials.js";
import { databaseError, type ExplainContext } from "./errors.js";
import { kyselyOverPool } from "./kysely-over-pool.js";
import { createPool } from "./pool.js";

// One run does one thing at a time.
const connections = 1;
const answerTimeoutMs = 90_000;
// A verifier's reads queue behind a waiting rehearsal.
const rehearsalLockTimeoutMs = 1000;

/**
 * Opens a database on a server, and checks that it answers.
 *
 * @throws SetupError `DATABASE_URL` (usage), `DATABASE_UNREACHABLE` (unavailable), `DATABASE_REFUSED`, `DATABASE_TLS` (refused),
 * `SECRET_FILE` (invalid)
 */
export async function openPostgres(url: string, mode: RunMode, env: DatabaseEnv): Promise<Database> {
  const address = parsePostgresUrl(url, env);
  const pool = await createPool(url, { max: connections, env, answerTimeoutMs });
  const context = { location: address.location, passwordFrom: passwordSource(address, env).name };
  const database = describePostgres(kyselyOverPool(pool, context), context.location, {
    warnings: listenerWarnings(address),
    ...(mode === "rehearse" && { lockTimeoutMs: rehearsalLockTimeoutMs }),
  });
  try {
    await requireSchema(database, context);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Without a schema, every table looks missing. */
async function requireSchema({ kysely }: Database, context: ExplainContext): Promise<void> {
  const { rows } = await sql<{ schema: string | null }>`select current_schema() as schema`.execute(kysely);
  if (rows[0]?.schema === null) throw databaseError(Object.assign(new Error("no schema"), { code: "3F000" }), context);
}

function listenerWarnings(address: PostgresAddress): readonly Diagnostic[] {
  if (!isOpenToListeners(address)) return [];
  return [
    {
      severity: "warning",
      code: "DATABASE_UNENCRYPTED",
      message: `the connection to the database ${address.location} is not encrypted`,
      hint: "add sslmode=verify-full to its URL, or sslmode=disable if nobody can eavesdrop on the connection",
    },
  ];
}

// A statement that waits for another transaction's lock is cancelled soon and sent again, so that a signal is handled meanwhile.
const shortLockTimeoutMs = 250;
const statementTimeoutMs = 60_000;
// Otherwise, a client whose machine is gone would keep the lock until the server notices.
const abandonedAfterMs = 60_000;

interface Particulars {
  readonly warnings?: readonly Diagnostic[];
  /** How long a statement waits for another transaction's lock. */
  readonly lockTimeoutMs?: number;
}

/** The properties of every database of this dialect, over a pool whose errors are cleaned. */
export function describePostgres(
  kysely: Kysely<Tables>,
  location: string,
  { warnings = [], lockTimeoutMs = shortLockTimeoutMs }: Particulars = {},
): Database {
  return {
    kysely,
    location,
    keyFile: undefined,
    warnings,
    // For this transaction only, since a pooler may give the session to another client afterwards.
    beginWork: async (tx) => {
      await sql`select set_config('lock_timeout', ${String(lockTimeoutMs)}, true),
        set_config('statement_timeout', ${String(statementTimeoutMs)}, true),
        set_config('idle_in_transaction_session_timeout', ${String(abandonedAfterMs)}, true)`.execute(tx);
    },
    lockHint: undefined,
    tableNames: async (db) => {
      const query = sql<{ readonly name: string }>`SELECT tablename AS name FROM pg_tables
        WHERE schemaname = current_schema()`;
      return (await query.execute(db)).rows.map(({ name }) => name);
    },
    secondsLater: (time, seconds) =>
      sql`to_char(((${time})::timestamptz + (${seconds}) * interval '1 second') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
    close: () => kysely.destroy(),
  };
}
