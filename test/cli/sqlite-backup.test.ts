import { spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { loadSqliteDriver } from "../../src/database/sqlite/driver.js";
import { createVerifier } from "../../src/verifier/create-verifier.js";
import { runCli, writeFiles } from "../support/cli.js";
import { startCli } from "../support/cli-process.js";
import { explicitProvider, tokenFile, tokenItem, userFile } from "../support/config-text.js";
import { noticeChange } from "../support/databases.js";
import { temporaryFolder } from "../support/run.js";
import { sqliteDriverExpression } from "../support/sql-in-another-process.js";

const [first, second, third] = ["a", "b", "c"].map((letter) => `${letter}9d233e95e04c4a8a661a27daffe7c9bd019067`);
const tokensYaml = (...values: readonly (string | undefined)[]) =>
  tokenFile(...values.map((value) => tokenItem(`token-${value?.[0]}`, value ?? "")));
const base = `${userFile("username: jan", "username: piet")}${explicitProvider.replace("SECRET", "canary-client-secret")}`;

/** A folder with a database of the first token, and its backup. */
async function withBackup() {
  const folder = temporaryFolder();
  const run = (...args: readonly string[]) => runCli(args, { cwd: folder });
  const apply = async (...values: readonly (string | undefined)[]) => {
    writeFiles(folder, { "config.yaml": `${base}${tokensYaml(...values)}` });
    expect(await run("apply", "config.yaml")).toMatchObject({ status: 0 });
  };
  await apply(first);
  const file = join(folder, "vtb-auth.db");
  const on = <T>(path: string, work: (sqlite: InstanceType<ReturnType<typeof loadSqliteDriver>>) => T): T => {
    const sqlite = new (loadSqliteDriver())(path);
    try {
      return work(sqlite);
    } finally {
      sqlite.close();
    }
  };
  on(file, (sqlite) => {
    const { id } = sqlite.prepare("SELECT id FROM users WHERE username = 'jan'").get() as { id: string };
    sqlite
      .prepare(
        "INSERT INTO login_sessions (digest, user_id, client, created_at, seen_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
      )
      .run("0".repeat(64), id, "admin-oidc", ...Array.from({ length: 3 }, () => "2026-01-01T00:00:00.000Z"));
  });
  const backup = join(folder, "backup.db");
  const made = await run("backup", "backup.db");
  return { folder, file, backup, made, run, apply, on };
}

async function verifierOf(file: string) {
  const verifier = await createVerifier({ database: `sqlite:${file}`, clients: ["api-oidc"], env: {} });
  onTestFinished(() => verifier.close());
  return async (token: string | undefined) => (await verifier.authenticate(`Token ${token}`)).kind;
}

/** Every row of every table, but for what a restore makes anew, and what a verifier writes by itself. */
function rowsOf(sqlite: InstanceType<ReturnType<typeof loadSqliteDriver>>): unknown {
  const names = sqlite.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck().all();
  const skipped = ["journal_head", "login_sessions", "runs", "run_changes", "setup_state"];
  const kept = names.filter((name) => !skipped.includes(String(name)));
  return kept.map((name) => {
    const rows = sqlite.prepare<[], object>(`SELECT * FROM ${name} ORDER BY 1, 2`).all();
    return [name, rows.map((row) => ({ ...row, last_used_at: undefined }))];
  });
}

const schemaOf = (sqlite: InstanceType<ReturnType<typeof loadSqliteDriver>>) =>
  sqlite.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name").all();

/** Another process that gives both users the same new name, a number, in one transaction after the other until it is stopped. */
async function startWriter(file: string) {
  const script = `
    const sqlite = new (${sqliteDriverExpression})(${JSON.stringify(file)}, { timeout: 20000 });
    const update = sqlite.prepare("UPDATE users SET first_name = ? WHERE username = ?");
    const write = (name) => {
      sqlite.exec("BEGIN IMMEDIATE");
      update.run(name, "jan");
      update.run(name, "piet");
      sqlite.exec("COMMIT");
    };
    let isStopped = false;
    process.stdin.on("end", () => { isStopped = true; }).resume();
    let last = 0;
    while (!isStopped) {
      last += 1;
      write(String(last));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    sqlite.close();
    process.stdout.write(String(last));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let written = "";
  child.stdout.on("data", (text) => {
    written += text;
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const reader = new (loadSqliteDriver())(file, { readonly: true });
  onTestFinished(() => void reader.close());
  const name = reader.prepare("SELECT first_name FROM users WHERE username = 'jan'").pluck();
  const current = () => Number(name.get());
  /** Resolves once it has written again. */
  const goneOn = async () => {
    const before = current();
    await vi.waitFor(() => expect(current()).not.toBe(before), { timeout: 20_000, interval: 5 });
  };
  await goneOn();
  return {
    current,
    goneOn,
    /** Returns the last number that it wrote. */
    stop: async () => {
      child.stdin.end();
      expect(await ended).toBe(0);
      return Number(written);
    },
  };
}

/** The numbers that both users have as their names. */
function numbersIn(sqlite: InstanceType<ReturnType<typeof loadSqliteDriver>>): readonly number[] {
  expect(sqlite.pragma("integrity_check", { simple: true })).toBe("ok");
  const names = sqlite.prepare("SELECT first_name FROM users WHERE username IN ('jan', 'piet')").pluck().all();
  return names.map(Number);
}

describe("backup", () => {
  it("copies one moment of a database that a writer and a verifier use all the while", {
    timeout: 60_000,
  }, async () => {
    const { folder, file, run, on } = await withBackup();
    const authenticate = await verifierOf(file);
    const writer = await startWriter(file);
    for (const name of ["one.db", "two.db", "three.db"]) {
      await writer.goneOn();
      const before = writer.current();
      const end = run("backup", name);
      expect(await authenticate(first)).toBe("authenticated");
      expect(await end).toMatchObject({ status: 0, stderr: "" });
      const after = writer.current();
      expect(await authenticate(first)).toBe("authenticated");
      const [one = 0, other] = on(join(folder, name), numbersIn);
      expect(one).toBe(other);
      expect(one).toBeGreaterThanOrEqual(before);
      expect(one).toBeLessThanOrEqual(after);
    }
    await writer.goneOn();
    const last = await writer.stop();
    expect(on(file, numbersIn)).toEqual([last, last]);
  });

  it("is a single file of mode 0600 that holds no key, whatever the umask is, and 0660 in a folder of a group", async () => {
    const { folder, file, backup, made, run } = await withBackup();
    expect(made).toMatchObject({
      status: 0,
      stderr: "",
      stdout: `Backed up to backup.db (${statSync(backup).size} bytes).\n`,
    });
    expect(statSync(backup).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter((name) => name.startsWith("backup"))).toEqual(["backup.db"]);
    const key = readFileSync(`${file}.key`, "latin1").trim();
    for (const encoding of ["base64", "hex", "latin1"] as const) {
      expect(readFileSync(backup).includes(Buffer.from(key, "base64").toString(encoding), "latin1")).toBe(false);
    }
    const shared = join(folder, "shared");
    mkdirSync(shared);
    chmodSync(shared, 0o2770);
    expect(await run("backup", "shared/backup.db")).toMatchObject({ status: 0 });
    expect(statSync(join(shared, "backup.db")).mode & 0o777).toBe(0o660);
  });

  it("refuses to overwrite a file with 4, to make one in no folder with 4, and no database with 5", async () => {
    const { folder, backup, run } = await withBackup();
    const bytes = readFileSync(backup);
    const files = readdirSync(folder);
    const again = await run("backup", "backup.db");
    expect(again).toMatchObject({
      status: 4,
      stderr: expect.stringContaining("exists already, and is not overwritten"),
    });
    expect(await run("backup", "missing/backup.db")).toMatchObject({
      status: 4,
      stderr: expect.stringMatching(/missing does not exist \[BACKUP_FILE\]/),
    });
    expect(await run("backup", "other.db", "--database", "sqlite:none.db")).toMatchObject({ status: 5 });
    expect(readFileSync(backup).equals(bytes)).toBe(true);
    expect(readdirSync(folder)).toEqual(files);
  });
});

describe("restore", () => {
  it("puts everything back under a verifier that runs all the while, and ends the sessions", async () => {
    const { folder, file, backup, run, apply, on } = await withBackup();
    const authenticate = await verifierOf(file);
    const sleeper = await verifierOf(file);
    await apply(first, second);
    await noticeChange();
    expect([await authenticate(first), await authenticate(second), await sleeper(second)]).toEqual(
      Array.from({ length: 3 }, () => "authenticated"),
    );
    const revision = on(file, (sqlite) => sqlite.prepare("SELECT revision FROM setup_state").pluck().get());
    const restored = await run("restore", "backup.db", "--output", "json");
    expect(restored).toMatchObject({ status: 0, stderr: "" });
    expect(JSON.parse(restored.stdout)).toMatchObject({ command: "restore", outcome: "applied", migrations: [] });
    await noticeChange();
    expect([await authenticate(first), await authenticate(second)]).toEqual(["authenticated", "rejected"]);
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    on(file, (sqlite) => {
      expect(sqlite.prepare("SELECT count(*) FROM login_sessions").pluck().get()).toBe(0);
      expect(sqlite.prepare("SELECT revision FROM setup_state").pluck().get()).toBe(Number(revision) + 2);
      expect(sqlite.prepare("SELECT action, kind, key FROM run_changes WHERE kind = 'database'").all()).toEqual([
        { action: "update", kind: "database", key: "backup.db" },
      ]);
      expect(sqlite.pragma("foreign_key_check")).toEqual([]);
      expect(sqlite.pragma("integrity_check", { simple: true })).toBe("ok");
      on(backup, (copy) => {
        expect(rowsOf(sqlite)).toEqual(rowsOf(copy));
        expect(schemaOf(sqlite)).toEqual(schemaOf(copy));
      });
    });
    // One that was not asked since must not take a later state for the one that it knows.
    await apply(first, third);
    await noticeChange();
    expect([await sleeper(second), await sleeper(third)]).toEqual(["rejected", "authenticated"]);
  });

  it("S109: goes on with the record of the backup, and says so where a head from after it no longer fits", async () => {
    const { run, apply } = await withBackup();
    const { stdout: early } = await run("history", "head");
    await apply(first, second);
    const { stdout: late } = await run("history", "head");
    expect(await run("restore", "backup.db")).toMatchObject({ status: 0 });
    expect(await run("history", "verify", "--strict", "--head", early.trim())).toMatchObject({ status: 0, stderr: "" });
    const other = await run("history", "verify", "--head", late.trim());
    expect(other.status).toBe(4);
    expect(other.stderr).toContain("restored a backup, which brings back the journal of that time");
    expect((await run("history", "list", "--through", "restore")).stdout).toMatch(/runs: +2 → 1/);
  });

  it("carries over what was disabled and who was deactivated since the backup, also under a name that was made anew", async () => {
    const { run, apply, file } = await withBackup();
    const authenticate = await verifierOf(file);
    await apply(first, second);
    await run("token", "disable", "token-a");
    await run("user", "deactivate", "piet", "--actor", "els");
    await run("backup", "after.db");
    // Another row with the same identifier.
    await run("token", "enable", "token-a");
    await apply(second);
    await run("apply", "config.yaml", "--prune");
    await apply(first, second);
    await run("token", "disable", "token-a", "token-b");
    expect(await run("restore", "backup.db")).toMatchObject({
      status: 0,
      stdout:
        "Restored backup.db. What commands ended since stays ended (disabled: 1, deactivated: 1). Apply the current files now.\n",
    });
    expect(await authenticate(first)).toBe("rejected");
    expect((await run("user", "show", "piet")).stdout).toMatch(/^ {2}deactivated: .* by els$/m);
    expect((await run("user", "show", "jan")).stdout).toMatch(/^ {2}state: +active$/m);
    // What the backup knows counts as nothing that was carried over.
    const known = JSON.parse((await run("restore", "after.db", "--output", "json")).stdout);
    expect(known).toMatchObject({ revocations: 0, disabled: 0, deactivated: 0 });
    await run("token", "enable", "token-a");
    await run("user", "activate", "piet");
    // What was undone since is not what a command ended; the backup's own state is.
    await run("restore", "after.db");
    expect(await authenticate(first)).toBe("rejected");
    await run("token", "enable", "token-a");
    expect(await authenticate(first)).toBe("authenticated");
  });

  it("carries over what was revoked since the backup, and keeps what was revoked before it", async () => {
    const { file, run, apply, on } = await withBackup();
    const authenticate = await verifierOf(file);
    await apply(first, second, third);
    expect(await run("token", "revoke", "token-b", "--reason", "leaked")).toMatchObject({ status: 0 });
    expect(await run("backup", "later.db")).toMatchObject({ status: 0 });
    expect(await run("token", "revoke", "token-a", "--reason", "compromised")).toMatchObject({ status: 0 });
    const revoked = () => on(file, (sqlite) => sqlite.prepare("SELECT * FROM api_token_revoked ORDER BY digest").all());
    const before = revoked();
    expect(before).toHaveLength(2);
    const { status, stdout } = await run("restore", "later.db", "--actor", "jan@gemeente.example");
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: "Restored later.db. What commands ended since stays ended (revoked: 1). Apply the current files now.\n",
    });
    expect(revoked()).toEqual(before);
    const last = on(file, (sqlite) =>
      sqlite.prepare("SELECT claimed_actor, through FROM runs ORDER BY rowid DESC").get(),
    );
    expect(last).toEqual({ claimed_actor: "jan@gemeente.example", through: "restore" });
    await noticeChange();
    expect([await authenticate(first), await authenticate(second), await authenticate(third)]).toEqual([
      "rejected",
      "rejected",
      "authenticated",
    ]);
  });

  it("waits for a writer's transaction, and loses none of its later ones", { timeout: 60_000 }, async () => {
    const { file, run, on } = await withBackup();
    const writer = await startWriter(file);
    expect(await run("restore", "backup.db")).toMatchObject({ status: 0 });
    await writer.goneOn();
    const last = await writer.stop();
    expect(on(file, numbersIn)).toEqual([last, last]);
  });

  it("makes a new database, and brings the tables of an earlier version up to date", async () => {
    const { folder, backup, run, on } = await withBackup();
    on(backup, (sqlite) => {
      sqlite.exec("ALTER TABLE applied_claims DROP COLUMN username");
      sqlite.exec("DELETE FROM setup_migrations WHERE name = '0009_given_name'");
    });
    copyFileSync(join(folder, "vtb-auth.db.key"), join(folder, "new.db.key"));
    const { status, stdout } = await run("restore", "backup.db", "--database", "sqlite:new.db", "--output", "json");
    expect({ status, migrations: JSON.parse(stdout).migrations }).toEqual({
      status: 0,
      migrations: ["0009_given_name"],
    });
    expect(statSync(join(folder, "new.db")).mode & 0o777).toBe(0o600);
    const authenticate = await verifierOf(join(folder, "new.db"));
    expect(await authenticate(first)).toBe("authenticated");
  });

  it.each<readonly [string, number, RegExp, (world: Awaited<ReturnType<typeof withBackup>>) => void]>([
    [
      "that another key sealed",
      4,
      /in the backup, no key opens this sealed value: .*\[KEY_MISMATCH\]/,
      ({ file }) => writeFileSync(`${file}.key`, "ab".repeat(32)),
    ],
    ["without its key", 4, /\[KEY_MISMATCH\]/, ({ file }) => rmSync(`${file}.key`)],
    [
      "of a newer version",
      4,
      /\[DATABASE_NEWER\]/,
      ({ backup, on }) =>
        on(backup, (sqlite) => sqlite.exec("INSERT INTO setup_migrations VALUES ('9999_future', '2099-01-01')")),
    ],
    [
      "of another program",
      4,
      /is not a backup of an auth database.*\[BACKUP_FILE\]/,
      ({ backup, on }) => on(backup, (sqlite) => sqlite.exec("DROP TABLE setup_migrations")),
    ],
    ["that is no database", 4, /\[DATABASE_DAMAGED\]/, ({ backup }) => writeFileSync(backup, "canary".repeat(1000))],
    [
      "that was cut off",
      4,
      /\[DATABASE_DAMAGED\]/,
      ({ backup }) => writeFileSync(backup, readFileSync(backup).subarray(0, 60_000)),
    ],
  ])("refuses a backup %s with %i, and changes nothing", async (_, expected, told, spoil) => {
    const world = await withBackup();
    const { folder, file, run } = world;
    spoil(world);
    const [bytes, files] = [readFileSync(file), readdirSync(folder)];
    const { status, stdout, stderr } = await run("restore", "backup.db");
    expect({ status, stdout, stderr }).toMatchObject({
      status: expected,
      stdout: "",
      stderr: expect.stringMatching(told),
    });
    expect(readFileSync(file).equals(bytes)).toBe(true);
    expect(readdirSync(folder)).toEqual(files);
  });

  it("leaves the old or the restored state, whole, when it is killed", { timeout: 60_000 }, async () => {
    const { folder, file, run, apply, on } = await withBackup();
    await apply(first, second);
    const state = () => on(file, rowsOf);
    const current = state();
    const prepared = join(folder, "prepared.db");
    expect(await run("backup", "prepared.db")).toMatchObject({ status: 0 });
    const started = performance.now();
    expect(await startCli(["restore", "backup.db"], { cwd: folder }).ended).toMatchObject({ status: 0 });
    const span = performance.now() - started;
    const restored = state();
    expect(restored).not.toEqual(current);
    for (let index = 0; index < 10; index += 1) {
      expect(await run("restore", prepared)).toMatchObject({ status: 0 });
      const killed = startCli(["restore", "backup.db"], { cwd: folder });
      await setTimeout(((index + 1) / 11) * span);
      killed.kill("SIGKILL");
      await killed.ended;
      expect([current, restored]).toContainEqual(state());
      expect(existsSync(dirname(file))).toBe(true);
    }
  });
});
