import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { coreMigrations } from "../../src/database/migrations.js";
import { runCli, writeFiles } from "../support/cli.js";
import { startCli } from "../support/cli-process.js";
import { tablesIn, userFile } from "../support/config-text.js";
import { contentsOf, databaseOf, isMade } from "../support/databases.js";
import { temporaryFolder } from "../support/run.js";

const names = coreMigrations.map(({ name }) => name);

function folderWith(files: Readonly<Record<string, string>> = {}): string {
  const folder = temporaryFolder();
  writeFiles(folder, { "config.yaml": userFile("username: jan"), ...files });
  return folder;
}

/** A step whose kind brings a table. */
const step = `
import { createResourceTable, defineKind, defineStep } from ${JSON.stringify(join(process.cwd(), "dist/index.js"))};
import * as z from ${JSON.stringify(join(process.cwd(), "node_modules/zod/index.js"))};
export const kinds = [defineKind({
  name: "webhook", table: "webhooks", keyColumn: "name", columns: {},
  migrations: [{ name: "webhook:0001", up: (db) => createResourceTable(db, { name: "webhooks", keyColumn: "name" }) }],
})];
export const steps = [defineStep({
  title: "Webhooks", flag: "webhooks_enable", namespace: "webhooks", kinds,
  schema: z.strictObject({}), declare: () => [],
})];
`;

describe("migrate", () => {
  it("creates the tables, names the migrations that it ran, and finds none to run the second time", async () => {
    const folder = folderWith();
    const first = await runCli(["migrate"], { cwd: folder });
    expect(first).toMatchObject({
      status: 0,
      stderr: "",
      stdout: `Migrated:\n${names.map((name) => `  ${name}\n`).join("")}`,
    });
    const before = await contentsOf(databaseOf(folder));
    const second = await runCli(["migrate"], { cwd: folder });
    expect(second).toMatchObject({ status: 0, stderr: "" });
    expect(second.stdout).toBe("No changes. The tables are up to date.\n");
    expect(await contentsOf(databaseOf(folder))).toBe(before);
    const db = await tablesIn(folder);
    expect(await db.selectFrom("setup_state").select("revision").execute()).toEqual([{ revision: 1 }]);
    expect(await db.selectFrom("runs").selectAll().execute()).toEqual([]);
    expect((await runCli(["apply", "--no-migrate", "config.yaml"], { cwd: folder })).status).toBe(0);
  });

  it("reports the same as JSON", async () => {
    const folder = folderWith();
    const run = async () => JSON.parse((await runCli(["migrate", "--output", "json"], { cwd: folder })).stdout);
    const common = { formatVersion: 1, command: "migrate", diagnostics: [], run: { durationMs: expect.any(Number) } };
    expect(await run()).toMatchObject({ ...common, outcome: "applied", migrations: names });
    expect(await run()).toMatchObject({ ...common, outcome: "unchanged", migrations: [] });
  });

  it("runs those of custom kinds only where their steps are named", async () => {
    const folder = folderWith({ "step.mjs": step });
    expect((await runCli(["migrate"], { cwd: folder })).stdout).not.toContain("webhook");
    const { stdout, status } = await runCli(["migrate", "--steps", "step.mjs"], { cwd: folder });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "Migrated:\n  webhook:0001\n" });
  });

  it("refuses a database of a newer version with 4, and changes nothing", async () => {
    const folder = folderWith();
    await runCli(["migrate"], { cwd: folder });
    await (await tablesIn(folder))
      .insertInto("setup_migrations")
      .values({ name: "9999_future", applied_at: "2099-01-01T00:00:00.000Z" })
      .execute();
    const { status, stderr } = await runCli(["migrate"], { cwd: folder });
    expect(status).toBe(4);
    expect(stderr).toContain("[DATABASE_NEWER]");
  });

  it("runs once where four are started at the same moment", async () => {
    const folder = folderWith();
    const runs = Array.from({ length: 4 }, () => startCli(["migrate", "--output", "json"], { cwd: folder }).ended);
    const outcomes = (await Promise.all(runs)).map(({ stdout }) => JSON.parse(stdout).outcome);
    expect(outcomes.sort()).toEqual(["applied", "unchanged", "unchanged", "unchanged"]);
  });
});

describe("apply --no-migrate", () => {
  it("refuses a database without tables with 4, names what is missing and the command, and creates nothing", async () => {
    const folder = folderWith();
    const { status, stdout, stderr } = await runCli(["apply", "--no-migrate", "config.yaml"], { cwd: folder });
    expect({ status, stdout }).toEqual({ status: 4, stdout: "" });
    expect(stderr).toContain(`error: the database has pending migrations: ${names.join(", ")} [MIGRATION_NEEDED]`);
    expect(stderr).toContain("run `vtb-setup migrate` as a role that may change tables, then retry");
    expect(await isMade(databaseOf(folder))).toBe(false);
  });

  it("refuses one that lacks a single migration, also where nothing else changes, and accepts it afterwards", async () => {
    const folder = folderWith({ "step.mjs": step });
    expect((await runCli(["apply", "config.yaml"], { cwd: folder })).status).toBe(0);
    expect((await runCli(["apply", "--no-migrate", "config.yaml"], { cwd: folder })).stdout).toMatch(/^No changes\./);
    const args = ["apply", "--no-migrate", "--steps", "step.mjs", "config.yaml"];
    const refused = await runCli(args, { cwd: folder });
    expect(refused.status).toBe(4);
    expect(refused.stderr).toContain("the database has pending migrations: webhook:0001 [MIGRATION_NEEDED]");
    expect((await runCli(["migrate", "--steps", "step.mjs"], { cwd: folder })).status).toBe(0);
    expect((await runCli(args, { cwd: folder })).status).toBe(0);
  });
});
