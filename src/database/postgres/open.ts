import { sql } from "kysely";
import { type Problem, SetupError } from "../../errors.js";
import type { Database, DatabaseEnv, RunMode } from "../database.js";
import { type PostgresAddress, parsePostgresUrl } from "./address.js";
import { isOpenToListeners } from "./credentials.js";
import { describePostgres } from "./describe.js";
import { cleanFailure } from "./failure.js";
import { kyselyOverPool } from "./kysely-over-pool.js";
import { passwordSource } from "./password.js";
import { createPool } from "./pool.js";

// One run does one thing after the other.
const connections = 1;
const answerTimeoutMs = 90_000;
// A verifier that reads waits behind a rehearsal that waits.
const rehearsalLockTimeoutMs = 1000;

/**
 * Opens a database on a server, and makes sure that it answers.
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

/** Without one, tables are looked for nowhere and found missing. */
async function requireSchema({ kysely }: Database): Promise<void> {
  const { rows } = await sql<{ schema: string | null }>`select current_schema() as schema`.execute(kysely);
  if (rows[0]?.schema === null) throw cleanFailure(Object.assign(new Error("no schema"), { code: "3F000" }));
}

function listenerWarnings(address: PostgresAddress): readonly Problem[] {
  if (!isOpenToListeners(address)) return [];
  return [
    {
      severity: "warning",
      code: "DATABASE_UNENCRYPTED",
      message: `the connection to the database ${address.location} is not encrypted`,
      hint: "add sslmode=verify-full to its URL, or sslmode=disable where nobody can listen",
    },
  ];
}
