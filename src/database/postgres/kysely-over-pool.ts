import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from "kysely";
import type pg from "pg";
import { SetupError } from "../../errors.js";
import type { Tables } from "../tables.js";
import { cleanFailure, isFailure } from "./failure.js";

/** Queries over a pool; what its errors quote is left out, so that nobody above has to think of it. */
export function kyselyOverPool(
  pool: pg.Pool,
  connect: () => Promise<pg.PoolClient> = () => pool.connect(),
): Kysely<Tables> {
  const cleaned: PostgresPool = {
    connect: async () => cleanClient(await withCleanFailures(connect)),
    end: () => pool.end(),
  };
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: cleaned }) });
}

/** Asks the database, with errors that tell nothing that it quotes. */
async function withCleanFailures<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw error instanceof SetupError ? error : cleanFailure(error);
  }
}

function cleanClient(client: pg.PoolClient): PostgresPoolClient {
  let stuck: unknown;
  const query = async (sql: string, parameters: readonly unknown[]): Promise<unknown> => {
    // The driver would put it behind the statement that was not answered.
    if (stuck) throw stuck;
    try {
      return await withCleanFailures(() => client.query(sql, [...parameters]));
    } catch (failure) {
      if (isFailure(failure) && failure.code === "PG_ANSWER_TIMEOUT") stuck = failure;
      throw failure;
    }
  };
  return {
    // The interface's second form is for cursors, which nothing here uses; what the driver answers with is what the first wants.
    query: query as unknown as PostgresPoolClient["query"],
    release: (broken?: boolean) => client.release(broken || stuck !== undefined),
  };
}
