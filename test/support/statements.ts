import pg from "pg";
import { inject, onTestFinished, vi } from "vitest";
import { loadSqliteDriver } from "../../src/database/sqlite/driver.js";

/** What is replaced of a prepared statement. */
interface Statement {
  all: (...values: unknown[]) => unknown[];
  run: (...values: unknown[]) => unknown;
}

/** A statement that a database ran, and how many rows it gave back. */
export interface RanStatement {
  readonly sql: string;
  readonly rows: number;
}

/** Collects what the databases of this process are asked from now on, for as long as the test runs. */
export function recordStatements(): RanStatement[] {
  const ran: RanStatement[] = [];
  const spy = inject("dialect") === "sqlite" ? recordSqlite(ran) : recordPostgres(ran);
  onTestFinished(() => spy.mockRestore());
  return ran;
}

function recordSqlite(ran: RanStatement[]) {
  const Driver = loadSqliteDriver();
  const { prepare } = Driver.prototype;
  return vi.spyOn(Driver.prototype, "prepare").mockImplementation(function (
    this: typeof Driver.prototype,
    sql: string,
  ) {
    const statement = prepare.call(this, sql) as unknown as Statement;
    const { all, run } = statement;
    statement.all = (...values: unknown[]) => {
      const rows = all.apply(statement, values);
      ran.push({ sql, rows: rows.length });
      return rows;
    };
    statement.run = (...values: unknown[]) => {
      ran.push({ sql, rows: 0 });
      return run.apply(statement, values);
    };
    return statement;
  } as never);
}

function recordPostgres(ran: RanStatement[]) {
  const { query } = pg.Client.prototype;
  return vi.spyOn(pg.Client.prototype, "query").mockImplementation(function (this: pg.Client, ...given: unknown[]) {
    const answer: unknown = Reflect.apply(query, this, given);
    const [text] = given;
    const sql = typeof text === "string" ? text : String((text as { readonly text?: unknown })?.text);
    if (answer instanceof Promise) {
      // Who asked gets the failure.
      void answer.then(({ rows }: pg.QueryResult) => ran.push({ sql, rows: rows.length })).catch(() => {});
    }
    return answer;
  } as never);
}
