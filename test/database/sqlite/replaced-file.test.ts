import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";

import { describe, expect, it, onTestFinished } from "vitest";
import { openLiveDatabase } from "../../../src/database/open.js";
import type { SqliteConnection } from "../../../src/database/sqlite/connection.js";
import { loadSqliteDriver } from "../../../src/database/sqlite/driver.js";
import { openSqlite } from "../../../src/database/sqlite/open.js";
import { openLiveSqlite } from "../../../src/database/sqlite/open-live.js";
import { createFileGuard, refuseForeignIndex } from "../../../src/database/sqlite/replaced-file.js";
import { migratedDatabase } from "../../support/migrated-database.js";
import { openFiles } from "../../support/open-files.js";
import { countUp, sqlInAnotherProcess, sqliteDriverExpression } from "../../support/sql-in-another-process.js";

const refusal = /was replaced or overwritten while the earlier one was in use/;
const checkpoint = "PRAGMA wal_checkpoint(PASSIVE);";

/** A connection of this process that is none of the program's. */
function connect(file: string): SqliteConnection {
  const sqlite = new (loadSqliteDriver())(file);
  onTestFinished(() => void sqlite.close());
  return sqlite;
}

/** Keeps the log from being emptied beyond this moment, until it is called. */
function holdMoment(file: string): () => void {
  const sqlite = connect(file);
  sqlite.exec("BEGIN");
  sqlite.prepare("SELECT revision FROM setup_state").get();
  return () => void sqlite.close();
}

function seen(path: string) {
  const { size, mtimeNs } = statSync(path, { bigint: true });
  return { size, mtimeNs };
}

/** A database that another process holds bytes of: what a restored backup writes over it. */
async function withReader() {
  const url = await migratedDatabase();
  const file = url.slice("sqlite:".length);
  const backup = readFileSync(file);
  const guard = createFileGuard(file);
  const live = openLiveSqlite(file, "read", {}, guard);
  onTestFinished(() => live.close());
  const begun = (await live.changes.current()).revision;
  const revision = async () => {
    await setImmediate();
    return (await live.changes.current()).revision;
  };
  const look = () => guard.look("now");
  return { url, file, backup, live, begun, revision, look, log: `${file}-wal`, index: `${file}-shm` };
}

/** A reader has looked while the log held two changes, of which the second was not yet moved into the database. */
async function withLog() {
  const reader = await withReader();
  const { url, file, look } = reader;
  sqlInAnotherProcess(url, countUp);
  const first = holdMoment(file);
  // A page of its own: a checkpoint moves only those that no later change is in the log of.
  sqlInAnotherProcess(url, "PRAGMA user_version = 7;");
  const second = holdMoment(file);
  sqlInAnotherProcess(url, countUp);
  look();
  return { ...reader, first, second };
}

describe("a database that others write to, from the log", () => {
  it("is not taken for a replaced one by a reader or a writer, when a checkpoint moves a part of a log that stays", async () => {
    const { url, file, look, live, first, log } = await withLog();
    const writer = await live.openWriter();
    const owned = openSqlite(file, "write");
    onTestFinished(() => owned?.close());
    const transaction = await owned?.kysely.startTransaction().execute();
    const generation = look();
    const before = { database: seen(file), log: seen(log) };
    first();
    sqlInAnotherProcess(url, checkpoint);
    expect(seen(log)).toEqual(before.log);
    expect(seen(file)).not.toEqual(before.database);
    expect(look()).toBe(generation);
    await transaction?.commit().execute();
    await writer.kysely.updateTable("setup_state").set({ revision: 10 }).execute();
    await writer.close();
    expect(look()).toBe(generation);
  });

  it("is not taken for a replaced one in the middle of a checkpoint, or after one that was killed there", async () => {
    const { look, file, index, log, first, url } = await withLog();
    const generation = look();
    const before = { database: seen(file), log: seen(log) };
    // SQLite sets how far it wants to come, then writes to the database, and then sets how far it came.
    const begun = readFileInAnotherProcess(index).readUInt32LE(96) + 1;
    writeInAnotherProcess(index, 128, begun);
    writeInAnotherProcess(file, 4096 + 4000, 0);
    expect(seen(log)).toEqual(before.log);
    expect(seen(file)).not.toEqual(before.database);
    expect(look()).toBe(generation);
    first();
    sqlInAnotherProcess(url, checkpoint);
    expect(look()).toBe(generation);
  });

  it("is not taken for a replaced one when the log was emptied between two parts of a look", async () => {
    const { url, file, look, log } = await withReader();
    // The log's time is that of a look which came after it was emptied, the database's that of one before.
    const at = Math.ceil(Date.now() / 1000) + 10;
    utimesSync(log, at, at);
    const generation = look();
    const before = { database: seen(file), log: seen(log) };
    sqlInAnotherProcess(url, `${countUp} PRAGMA wal_checkpoint(TRUNCATE);`);
    utimesSync(log, at, at);
    expect(seen(log)).toEqual(before.log);
    expect(seen(file)).not.toEqual(before.database);
    expect(look()).toBe(generation);
  });

  it("is not taken for a replaced one by a writer, when it changes before the first statement", async () => {
    const url = await migratedDatabase();
    const live = await openLiveDatabase(url, "read");
    onTestFinished(() => live.close());
    const writer = await live.openWriter();
    sqlInAnotherProcess(url, countUp);
    await writer.kysely.updateTable("setup_state").set({ revision: 10 }).execute();
    await writer.close();
    expect(await live.changes.current()).toMatchObject({ revision: 10 });
  });

  it("is not refused as one with a foreign index, when it changes while it is opened", async () => {
    const { url, file } = await withReader();
    const opening = connect(file);
    let changes = 0;
    const pragma: SqliteConnection["pragma"] = (source, options) => {
      const answer = opening.pragma(source, options);
      if (source !== "page_count") return answer;
      changes += 1;
      sqlInAnotherProcess(
        url,
        `PRAGMA busy_timeout = 0; CREATE TABLE more_${changes} (id); PRAGMA wal_checkpoint(TRUNCATE);`,
      );
      return answer;
    };
    const slow = new Proxy(opening, {
      get: (target, name) => (name === "pragma" ? pragma : Reflect.get(target, name).bind(target)),
    });
    refuseForeignIndex(slow, file);
    expect(changes).toBeGreaterThan(0);
  });

  it("keeps the locks of this process when its index was looked at and a connection was closed", async () => {
    const { url, file, live, look } = await withReader();
    const release = holdMoment(file);
    sqlInAnotherProcess(url, countUp);
    look();
    const writer = await live.openWriter();
    await writer.kysely.updateTable("setup_state").set({ revision: 10 }).execute();
    await writer.close();
    look();
    // Who has no lock can't hold up a checkpoint, and the last to close deletes the log.
    const whole =
      "const row = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get(); process.stdout.write(String(row.busy));";
    expect(withDriver(file, whole)).toBe("1");
    expect(existsSync(`${file}-shm`)).toBe(true);
    release();
    expect(withDriver(file, whole)).toBe("0");
    expect(existsSync(`${file}-shm`)).toBe(true);
    const held = () => openFiles().filter((name) => name.startsWith(file));
    expect(held()).toContain(`${file}-shm`);
    await live.close();
    expect(existsSync(`${file}-shm`)).toBe(false);
  });
});

describe("a database that somebody else than SQLite writes to", () => {
  const states = [
    ["the log is empty", async () => await withReader()],
    ["the log holds changes", async () => await withLog()],
    [
      "a part of the log was moved into it",
      async () => {
        const world = await withLog();
        world.first();
        sqlInAnotherProcess(world.url, checkpoint);
        world.look();
        return world;
      },
    ],
  ] as const;

  it.each(states)("is noticed while %s", async (state, prepare) => {
    const { file, backup, look, begun, revision } = await prepare();
    const generation = look();
    writeFileInAnotherProcess(file, backup);
    if (state !== "the log is empty") return expect(look).toThrow(refusal);
    expect(look()).toBe(generation + 1);
    expect(await revision()).toBe(begun);
  });

  it("is noticed while others go on writing to the log", async () => {
    const { url, file, backup, look } = await withLog();
    look();
    writeFileInAnotherProcess(file, backup);
    sqlInAnotherProcess(url, countUp);
    expect(look).toThrow(refusal);
  });

  it("is noticed after others have emptied the log", async () => {
    const { url, file, backup, look, begun, revision } = await withReader();
    const generation = look();
    sqlInAnotherProcess(url, `${countUp} PRAGMA wal_checkpoint(TRUNCATE);`);
    writeFileInAnotherProcess(file, backup);
    expect(look()).toBe(generation + 1);
    expect(await revision()).toBe(begun);
  });

  it("is opened again after its log and index were deleted, since a connection would never see another change", async () => {
    const { url, file, begun, revision, look } = await withReader();
    const generation = look();
    for (const end of ["-wal", "-shm"]) rmSync(`${file}${end}`);
    sqlInAnotherProcess(url, `${countUp} PRAGMA wal_checkpoint(TRUNCATE);`);
    expect(look()).toBe(generation + 1);
    expect(await revision()).toBe(begun + 1);
  });

  it("is left alone while another log has changes, which closing the earlier connection would delete", async () => {
    const { url, file, begun, revision, look } = await withReader();
    for (const end of ["-wal", "-shm"]) rmSync(`${file}${end}`);
    sqlInAnotherProcess(url, countUp);
    expect(look).toThrow(refusal);
    sqlInAnotherProcess(url, "PRAGMA wal_checkpoint(TRUNCATE);");
    look();
    expect(await revision()).toBe(begun + 1);
  });
});

/** What a program prints that has this database open through SQLite. */
function withDriver(file: string, program: string): string {
  const opened = `const database = new (${sqliteDriverExpression})(process.argv[1], { timeout: 0 }); ${program} database.close();`;
  return String(inAnotherProcess(opened, file));
}

/** As `cp` does it, which empties the file first. Closing the file in this process would take away the locks that SQLite has on it. */
function writeFileInAnotherProcess(file: string, bytes: Buffer): void {
  const copy = `${file}.copied`;
  writeFileSync(copy, bytes);
  inAnotherProcess("require('fs').copyFileSync(...process.argv.slice(1))", copy, file);
}

/** Closing a file here would take away this process' locks on it. */
function inAnotherProcess(program: string, ...args: readonly string[]): Buffer {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["-e", program, ...args]);
  if (status !== 0) throw new Error(String(stderr));
  return stdout;
}

function readFileInAnotherProcess(file: string): Buffer {
  return inAnotherProcess(`process.stdout.write(require("fs").readFileSync(process.argv[1]))`, file);
}

function writeInAnotherProcess(file: string, at: number, value: number): void {
  const program = `
    const [file, at, value] = process.argv.slice(1);
    const fs = require("fs");
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(Number(value));
    fs.writeSync(fs.openSync(file, "r+"), bytes, 0, 4, Number(at));`;
  inAnotherProcess(program, file, String(at), String(value));
}
