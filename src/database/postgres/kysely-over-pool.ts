import { createHash } from "node:crypto";
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from "kysely";
import type pg from "pg";
import { SetupError } from "../../errors.js";
import type { SqlValue } from "../database.js";
import type { Tables } from "../tables.js";
import { cleanFailure, isFailure } from "./errors.js";
import type { Connections } from "./pool.js";

/** Kysely over a pool. Its errors quote nothing, so that no caller has to clean them. */
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

/** Queries the database; errors quote nothing. */
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
    // The driver would queue it behind the unanswered statement.
    if (stuck) throw stuck;
    try {
      return await withCleanFailures(() => client.query(sql, [...parameters]));
    } catch (failure) {
      if (isFailure(failure) && failure.code === "PG_ANSWER_TIMEOUT") stuck = failure;
      throw failure;
    }
  };
  return {
    // The interface's second overload is for cursors, which nothing here uses; the driver's answer fits the first.
    query: query as unknown as PostgresPoolClient["query"],
    release: (broken?: boolean) => client.release(broken || stuck !== undefined),
  };
}

/**
 * Returns the first row of a query that each connection prepares at its first use; later uses only send the parameters. `Row`
 * is what the query selects.
 */
export function prepareOn({ query }: Pick<Connections, "query">, text: string, { isUrgent = false } = {}) {
  // Named by its text, since a connection accepts each name for one statement only.
  const name = `vtb_setup_${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;
  const firstRow = ({ rows }: pg.QueryArrayResult): unknown => rows[0];
  const fail = (error: unknown): never => {
    throw error instanceof SetupError ? error : cleanFailure(error);
  };
  return <Row extends readonly SqlValue[]>(...values: SqlValue[]): Promise<Row | undefined> => {
    // Not an async function: each await of another one costs as much as a hash.
    const row = query({ name, text, values, rowMode: "array" }, isUrgent).then(firstRow, fail);
    // The caller declares what its own query selects.
    return row as Promise<Row | undefined>;
  };
}
