import { type Kysely, sql } from "kysely";
import type { Problem } from "../../errors.js";
import type { Database } from "../database.js";
import type { Tables } from "../tables.js";
import { type ExplainContext, explainPostgres } from "./errors.js";
import { isFailure } from "./failure.js";

// A statement that waits for somebody else's lock is given up soon and asked again, so that a signal is heard meanwhile.
const shortLockTimeoutMs = 250;
const statementTimeoutMs = 60_000;
// A client whose machine is gone would keep the lock for as long as its server believes in it.
const abandonedAfterMs = 60_000;

interface Particulars {
  readonly warnings?: readonly Problem[];
  /** How long a statement waits for somebody else's lock. */
  readonly lockTimeoutMs?: number;
}

/** What every database of this dialect is, over a pool whose errors are cleaned. */
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
    // For this transaction alone, since a pooler may give the session to somebody else afterwards.
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
    // Or may only read, by a setting of its own or because the server is a standby.
    isForbidden: (error) => isFailure(error) && /^PG_(?:42501|25006)$/.test(error.code),
    close: () => kysely.destroy(),
  };
}

/** Locked by somebody, not to be serialised, or made by somebody else at the same moment. */
function isBusy(error: unknown): boolean {
  if (!isFailure(error)) return false;
  const { code, table, constraint } = error;
  if (/^PG_(?:40001|40P01|55P03)$/.test(code)) return true;
  if (code === "PG_23505") return constraint?.startsWith("pg_") === true;
  return code === "PG_42P07" && (table === "setup_state" || table === "setup_migrations");
}
