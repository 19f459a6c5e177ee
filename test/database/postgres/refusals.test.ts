import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import pg from "pg";
import { describe, expect, inject, it, onTestFinished, vi } from "vitest";
import { apply } from "../../../src/apply/apply.js";
import { plan } from "../../../src/apply/plan.js";
import { openDatabase } from "../../../src/database/open.js";
import { createPool } from "../../../src/database/postgres/pool.js";
import { SetupError } from "../../../src/errors.js";
import { freePort } from "../../support/http-server.js";
import { startPostgresProxy } from "../../support/postgres-proxy.js";
import {
  configurationOf,
  openForTest,
  resource,
  runOptions,
  temporaryDatabase,
  temporaryFolder,
} from "../../support/run.js";

const server = () => inject("postgresUrl");
const group = configurationOf(resource("group", "lezers", { permissions: [] }));

async function failureOf(work: Promise<unknown>): Promise<SetupError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof SetupError) return error;
  throw new Error("expected a refusal", { cause: error });
}

/** The message, and what is printed for the error with its causes. */
async function reported(work: Promise<unknown>): Promise<string> {
  const error = await failureOf(work);
  const [{ code, message, hint } = { code: "", message: "", hint: "" }] = error.diagnostics;
  return `${error.reason} ${code}: ${message}; ${hint}`;
}

describe("a server's refusal", () => {
  it("of the password says where that came from, and never what it is", async () => {
    const url = server().replace(/:[^:@]+@/, ":kanarie-een@");
    const error = await failureOf(openDatabase(url, "read"));
    expect(error.message).toMatch(/^the database postgres:\S+ rejects this role \(28P01\) \[DATABASE_REFUSED\]$/);
    expect(error.reason).toBe("refused");
    expect(error.diagnostics[0]?.hint).toContain("which comes from the database's URL");
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("kanarie-een");
    const silent = server().replace(/:[^:@]+@/, "@");
    expect(await reported(openDatabase(silent, "read"))).toContain("VTB_SETUP_DATABASE_PASSWORD_FILE");
    const fromEnv = await reported(openDatabase(silent, "read", { PGPASSWORD: "kanarie-twee" }));
    expect(fromEnv).toContain("which comes from PGPASSWORD");
    expect(fromEnv).not.toContain("kanarie-twee");
  });

  it("reads the password from a file, read anew for each connection", async () => {
    const file = join(temporaryFolder(), "password");
    const [, password = ""] = /:([^:@]+)@/.exec(server()) ?? [];
    const url = server().replace(/:[^:@]+@/, "@");
    const env = { VTB_SETUP_DATABASE_PASSWORD_FILE: file };
    expect(await reported(openDatabase(url, "read", env))).toBe(
      `invalid SECRET_FILE: the secret's file is missing: ${file}, which VTB_SETUP_DATABASE_PASSWORD_FILE names; ` +
        "write the database's password into it, or correct the variable",
    );
    writeFileSync(file, "another\n");
    const pool = await createPool(url, { max: 1, env });
    onTestFinished(() => pool.end());
    await expect(pool.query("select 1")).rejects.toMatchObject({ code: "28P01" });
    writeFileSync(file, `${password}\n`);
    expect((await pool.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    await (await openDatabase(url, "read", env))?.close();
  });

  it.each([
    ["no password", {}],
    ["a password's file that is missing", { VTB_SETUP_DATABASE_PASSWORD_FILE: "missing" }],
    ["a wrong password", { PGPASSWORD: "wrong" }],
  ])("leaves no connection open: %s", async (_, env) => {
    const proxy = await startPostgresProxy();
    const url = proxy.through(server().replace(/:[^:@]+@/, "@"));
    await expect(openDatabase(url, "read", env)).rejects.toThrow(SetupError);
    const pool = await createPool(url, { max: 1, env });
    onTestFinished(() => pool.end());
    await expect(pool.query("select 1")).rejects.toThrow();
    expect(proxy.connections()).toBe(2);
    await vi.waitFor(() => expect(proxy.open()).toBe(0), 10_000);
  });

  it("to be there says to try again: no server, no such host, no such database", async () => {
    const closed = server().replace(/:\d+\//, `:${await freePort()}/`);
    expect(await reported(openDatabase(closed, "read"))).toMatch(
      /^unavailable DATABASE_UNREACHABLE: the database \S+ does not answer \(ECONNREFUSED\); .*--wait$/,
    );
    expect(await reported(openDatabase("postgres://u:p@nowhere.invalid/db", "read"))).toMatch(
      /^unavailable DATABASE_UNREACHABLE: the database \S+ does not answer \((?:ENOTFOUND|EAI_AGAIN)\)/,
    );
    expect(await reported(openDatabase(server().replace(/\/postgres$/, "/missing"), "read"))).toMatch(
      /^unavailable DATABASE_UNREACHABLE: the database \S+\/missing does not exist; create it with CREATE DATABASE/,
    );
  });

  it("of a schema is the same for plan and apply, and creates nothing", async () => {
    const url = `${server()}?schema=not_there`;
    for (const run of [plan, apply]) {
      expect(await reported(run(group, runOptions(url)))).toMatch(
        /^refused DATABASE_REFUSED: the database \S+\?schema=not_there has no schema that this role may use; create it/,
      );
    }
  });

  it("of encryption does not lead to a connection without it", async () => {
    expect(await reported(openDatabase(`${server()}?sslmode=require`, "read"))).toMatch(
      /^refused DATABASE_TLS: the server of the database \S+ offers no encryption; enable ssl on the server/,
    );
    await (await openDatabase(`${server()}?sslmode=disable`, "read"))?.close();
  });

  it("because another program's table has the name of ours says so, and leaves it alone", async () => {
    const url = temporaryDatabase();
    const client = new pg.Client(url);
    await client.connect();
    onTestFinished(() => client.end());
    await client.query("create table users (id integer)");
    expect(await reported(apply(group, runOptions(url)))).toMatch(
      /^refused DATABASE_REFUSED: the schema of \S+ already has tables with the names that vtb-setup needs \(table users\); use a separate schema/,
    );
    const { rows } = await client.query("select tablename from pg_tables where schemaname = current_schema()");
    expect(rows).toEqual([{ tablename: "users" }]);
  });

  it("of a row names code, table and constraint, and nothing that it quotes", async () => {
    const url = temporaryDatabase();
    await apply(group, runOptions(url));
    const database = await openForTest(url);
    const row = { id: "kanarie-id", owner: null, created_at: "", updated_at: "", name: "lezers" };
    const error = await database.kysely
      .insertInto("groups")
      .values(row)
      .execute()
      .then(
        () => undefined,
        (reason: unknown) => reason,
      );
    expect(error).toMatchObject({
      message:
        "the database does not allow what the run writes (23505 (table groups), constraint groups_name) [DATABASE_FAILED]",
      cause: { code: "PG_23505", table: "groups", constraint: "groups_name" },
    });
    const shown = inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error);
    expect(shown).not.toMatch(/kanarie|lezers|insert into/i);
  });

  it("to write, by a standby or a session that is read-only, is reported as such", async () => {
    const url = temporaryDatabase();
    await apply(configurationOf(resource("group", "ander", { permissions: [] })), runOptions(url));
    const readOnly = url.replace("options=", "options=-c%20default_transaction_read_only%3Don%20");
    expect(await reported(apply(group, runOptions(readOnly)))).toMatch(
      /^refused DATABASE_REFUSED: the database \S+ is read-only: it is a standby, or set to read-only/,
    );
    expect((await plan(group, runOptions(readOnly))).outcome).toBe("planned");
  });
});

describe("a plan", () => {
  it("sends nothing that could write: it runs where writing is impossible, and sees one moment", async () => {
    const url = temporaryDatabase();
    await apply(group, runOptions(url));
    const database = await openForTest(url);
    const seen = await database.kysely
      .transaction()
      .setIsolationLevel("repeatable read")
      .setAccessMode("read only")
      .execute(async (tx) => {
        await database.beginWork(tx);
        return tx.selectFrom("groups").select("name").execute();
      });
    expect(seen).toEqual([{ name: "lezers" }]);
    const before = await database.kysely.selectFrom("setup_state").select("revision").executeTakeFirstOrThrow();
    expect((await plan(group, runOptions(url))).outcome).toBe("unchanged");
    expect(await database.kysely.selectFrom("setup_state").select("revision").executeTakeFirstOrThrow()).toEqual(
      before,
    );
  });
});
