import pg from "pg";
import { describe, expect, it, onTestFinished } from "vitest";
import { judgeVersion } from "../../src/database/postgres/inspect.js";
import { runCli } from "../support/cli.js";
import { onServer } from "../support/databases.js";
import { migratedDatabase } from "../support/migrated-database.js";
import { temporaryFolder } from "../support/run.js";
import { itemsOf, troublesIn } from "./doctor-world.js";

const role = `doctor_${process.pid}`;

async function asOwner(database: string, statement: string): Promise<void> {
  const client = new pg.Client(database);
  await client.connect();
  await client.query(statement);
  await client.end();
}

describe("doctor, about a database on a server,", () => {
  const run = (database: string) =>
    runCli(["doctor", "--database", database, "--output", "json"], { cwd: temporaryFolder() });

  it("finds permissions that the role lacks, and nothing else", async () => {
    const database = await migratedDatabase();
    await onServer(`create role ${role} login password 'canary-of-a-role'`);
    onTestFinished(async () => {
      await asOwner(database, `drop owned by ${role}`);
      await onServer(`drop role ${role}`);
    });
    await asOwner(database, `grant usage on schema filled to ${role}`);
    await asOwner(database, `grant select, insert, update, delete on all tables in schema filled to ${role}`);
    const ofRole = database.replace(/\/\/[^@]+@/, `//${role}:canary-of-a-role@`);
    expect(troublesIn(await run(ofRole))).toBe("");
    await asOwner(database, `revoke delete on api_tokens from ${role}`);
    await asOwner(database, `revoke insert, update on runs from ${role}`);
    // What other programs have beside them is their own.
    await asOwner(database, `create table others (id text); alter table others owner to ${role}`);
    await asOwner(database, `revoke insert on others from ${role}`);
    const result = await run(ofRole);
    expect([troublesIn(result, "WHERE"), result.status]).toEqual(["warning database WHERE role DATABASE_REFUSED", 0]);
    const [item] = itemsOf(result).filter(({ check }) => check === "role");
    expect(item?.message).toMatch(/: INSERT on .*runs.*; UPDATE on .*runs.*; DELETE on .*api_tokens/);
    expect(result.stdout).not.toContain("canary");
  });

  it("finds a role that may only read", async () => {
    const database = await migratedDatabase();
    const readOnly = `${database}%20-cdefault_transaction_read_only%3Don`;
    expect(troublesIn(await run(readOnly), "WHERE")).toBe("failure database WHERE role DATABASE_REFUSED");
  });

  it("warns of a server without security updates, and not of one that only speaks the protocol", () => {
    expect(judgeVersion("db", 13)).toMatchObject({ status: "warning", code: "DATABASE_VERSION" });
    for (const major of [14, 18, Number.NaN]) expect(judgeVersion("db", major)).toMatchObject({ status: "ok" });
  });
});
