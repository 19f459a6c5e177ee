import { createHash } from "node:crypto";
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from "kysely";
import type pg from "pg";
import type { SetupError } from "../../errors.js";
import type { SqlValue } from "../database.js";
import type { Tables } from "../tables.js";
import { databaseError, type ExplainContext, isUnanswered } from "./errors.js";
import type { Connections } from "./pool.js";

/** Kysely over a pool. Its errors quote nothing, so that no caller has to clean them. */
export function kyselyOverPool(
  pool: pg.Pool,
  context: ExplainContext,
  connect: () => Promise<pg.PoolClient> = () => pool.connect(),
): Kysely<Tables> {
  const cleaned: PostgresPool = {
    connect: async () => cleanClient(await cleanly(context, connect), context),
    end: () => pool.end(),
  };
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: cleaned }) });
}

async function cleanly<T>(context: ExplainContext, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw databaseError(error, context);
  }
}

function cleanClient(client: pg.PoolClient, context: ExplainContext): PostgresPoolClient {
  let stuck: SetupError | undefined;
  const query = async (sql: string, parameters: readonly unknown[]): Promise<unknown> => {
    // The driver would queue it behind the unanswered statement.
    if (stuck) throw stuck;
    try {
      return await client.query(sql, [...parameters]);
    } catch (error) {
      const failure = databaseError(error, context);
      if (isUnanswered(failure)) stuck = failure;
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
export function prepareOn(
  { query }: Pick<Connections, "query">,
  context: ExplainContext,
  text: string,
  { isUrgent = false } = {},
) {
  // Named by its text, since a connection accepts each name for one statement only.
  const name = `vtb_setup_${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;
  const firstRow = ({ rows }: pg.QueryArrayResult): unknown => rows[0];
  const fail = (error: unknown): never => {
    throw databaseError(error, context);
  };
  return <Row extends readonly SqlValue[]>(...values: SqlValue[]): Promise<Row | undefined> => {
    // Not an async function: each await of another one costs as much as a hash.
    const row = query({ name, text, values, rowMode: "array" }, isUrgent).then(firstRow, fail);
    // The caller declares what its own query selects.
    return row as Promise<Row | undefined>;
  };
}
