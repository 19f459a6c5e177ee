import { type Kysely, sql } from "kysely";
import { type Diagnostic, SetupError } from "../../errors.js";
import type { Database, DatabaseEnv, RunMode } from "../database.js";
import type { Tables } from "../tables.js";
import { type PostgresAddress, parsePostgresUrl } from "./address.js";
import { isOpenToListeners, passwordSource } from "./credentials.js";
import { cleanFailure, type ExplainContext, explainPostgres, isFailure } from "./errors.js";
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
  const database = describePostgres(kyselyOverPool(pool), context, {
    warnings: listenerWarnings(address),
    ...(mode === "rehearse" && { lockTimeoutMs: rehearsalLockTimeoutMs }),
  });
  try {
    await requireSchema(database);
    return database;
  } catch (error) {
    await database.close();
    throw error instanceof SetupError ? error : (database.explain(error) ?? error);
  }
}

/** Without a schema, every table looks missing. */
async function requireSchema({ kysely }: Database): Promise<void> {
  const { rows } = await sql<{ schema: string | null }>`select current_schema() as schema`.execute(kysely);
  if (rows[0]?.schema === null) throw cleanFailure(Object.assign(new Error("no schema"), { code: "3F000" }));
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
  context: ExplainContext,
  { warnings = [], lockTimeoutMs = shortLockTimeoutMs }: Particulars = {},
): Database {
  return {
    kysely,
    location: context.location,
    keyFile: undefined,
    warnings,
    // For this transaction only, since a pooler may give the session to another client afterwards.
    beginWork: async (tx) => {
      await sql`select set_config('lock_timeout', ${String(lockTimeoutMs)}, true),
        set_config('statement_timeout', ${String(statementTimeoutMs)}, true),
        set_config('idle_in_transaction_session_timeout', ${String(abandonedAfterMs)}, true)`.execute(tx);
    },
    isBusy,
    isLost: (error) =>
      isFailure(error) && /^PG_(?:08|57P|40003|CONNECTION_LOST|ANSWER_TIMEOUT|E[A-Z]+$|ERR_|UNKNOWN)/.test(error.code),
    explain: (error) => explainPostgres(error, context),
    lockHint: undefined,
    isMissingTable: (error) => isFailure(error) && error.code === "PG_42P01",
    // 25006: the role may only read, by its own setting or because the server is a standby.
    isForbidden: (error) => isFailure(error) && /^PG_(?:42501|25006)$/.test(error.code),
    close: () => kysely.destroy(),
  };
}

/** Locked, not serializable, or created by another process at the same moment. */
function isBusy(error: unknown): boolean {
  if (!isFailure(error)) return false;
  const { code, table, constraint } = error;
  if (/^PG_(?:40001|40P01|55P03)$/.test(code)) return true;
  if (code === "PG_23505") return constraint?.startsWith("pg_") === true;
  return code === "PG_42P07" && (table === "setup_state" || table === "setup_migrations");
}
