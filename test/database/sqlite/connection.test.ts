import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { OpenOptions, SqliteConnection, SqliteDriver } from "../../../src/database/sqlite/connection.js";
import { loadSqliteDriver } from "../../../src/database/sqlite/driver.js";
import { loadNodeSqlite, resultName } from "../../../src/database/sqlite/node-sqlite.js";
import { temporaryFolder } from "../../support/run.js";

/** The one that is used, and Node's own where it has one: `npm run test:nodes` runs both on Node 24. */
const own = loadNodeSqlite();
const drivers = [["the driver in use", loadSqliteDriver()] as const, ...(own ? [["node:sqlite", own] as const] : [])];

function openWith(Driver: SqliteDriver, source: string | Buffer, options?: OpenOptions): SqliteConnection {
  const sqlite = new Driver(source, options);
  onTestFinished(() => void sqlite.close());
  return sqlite;
}

function codeOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error instanceof Error && "code" in error ? error.code : error;
  }
  return undefined;
}

const tables = `
  CREATE TABLE doors (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, open INTEGER CHECK (open IN (0, 1))) STRICT;
  CREATE TABLE keys (door INTEGER NOT NULL REFERENCES doors (id)) STRICT;
  INSERT INTO doors VALUES (1, 'front', 1), (2, 'back', 0);`;

function withTables(Driver: SqliteDriver, file = join(temporaryFolder(), "doors.db")) {
  const sqlite = openWith(Driver, file);
  sqlite.exec(tables);
  return { sqlite, file };
}

describe.each(drivers)("a connection of %s", (_, Driver) => {
  it("gives rows as objects, as lists, or only their first values", () => {
    const { sqlite } = withTables(Driver);
    const query = "SELECT id, name FROM doors WHERE id >= ? ORDER BY id";
    expect(sqlite.prepare<[number], object>(query).get(2)).toEqual({ id: 2, name: "back" });
    expect(sqlite.prepare<[number]>(query).get(3)).toBeUndefined();
    expect(sqlite.prepare<[number]>(query).raw().get(1)).toEqual([1, "front"]);
    expect(sqlite.prepare<[number]>(query).pluck().get(1)).toBe(1);
    expect(sqlite.prepare<[number]>(query).pluck().all(1)).toEqual([1, 2]);
    expect([...sqlite.prepare<[number]>(query).pluck().iterate(1)]).toEqual([1, 2]);
    expect([...sqlite.prepare<[number]>(query).iterate(2)]).toEqual([{ id: 2, name: "back" }]);
  });

  it("names the columns of rows, also after the table got another one", () => {
    const { sqlite } = withTables(Driver);
    const statement = sqlite.prepare("SELECT * FROM doors").raw();
    expect(statement.columns().map(({ name }) => name)).toEqual(["id", "name", "open"]);
    sqlite.exec("ALTER TABLE doors ADD COLUMN color TEXT");
    expect(statement.all()).toEqual([
      [1, "front", 1, null],
      [2, "back", 0, null],
    ]);
    expect(statement.columns().map(({ name }) => name)).toEqual(["id", "name", "open", "color"]);
  });

  it("takes parameters one by one or in one list, and says how many rows changed", () => {
    const { sqlite } = withTables(Driver);
    const insert = sqlite.prepare("INSERT INTO doors VALUES (?, ?, ?)");
    expect(insert.run(3, "side", null)).toMatchObject({ changes: 1, lastInsertRowid: 3 });
    expect(insert.run([4, "cellar", 0])).toMatchObject({ changes: 1, lastInsertRowid: 4 });
    expect(sqlite.prepare("UPDATE doors SET open = ?").run(1)).toMatchObject({ changes: 4 });
  });

  it("knows which statements return rows, those that write included", () => {
    const { sqlite } = withTables(Driver);
    expect(sqlite.prepare("DELETE FROM keys").reader).toBe(false);
    const returning = sqlite.prepare("DELETE FROM doors WHERE open = 0 RETURNING name");
    expect(returning.reader).toBe(true);
    expect(returning.all()).toEqual([{ name: "back" }]);
  });

  it("ends an iteration that is left, so that the transaction can end", () => {
    const { sqlite } = withTables(Driver);
    sqlite.exec("BEGIN");
    for (const id of sqlite.prepare("SELECT id FROM doors ORDER BY id").pluck().iterate()) {
      expect(id).toBe(1);
      break;
    }
    expect(sqlite.inTransaction).toBe(true);
    sqlite.exec("COMMIT");
    expect(sqlite.inTransaction).toBe(false);
  });

  it("keeps whole numbers up to 2^53 and text with any character", () => {
    const { sqlite } = withTables(Driver);
    const text = "\u0000 é 😀 'quoted'";
    sqlite.prepare("INSERT INTO doors VALUES (?, ?, ?)").run(Number.MAX_SAFE_INTEGER, text, null);
    const row = sqlite.prepare("SELECT * FROM doors WHERE id > 2").get();
    expect(row).toEqual({ id: Number.MAX_SAFE_INTEGER, name: text, open: null });
  });

  it.each([
    ["SQLITE_CONSTRAINT_UNIQUE", "INSERT INTO doors VALUES (3, 'back', 0)"],
    ["SQLITE_CONSTRAINT_PRIMARYKEY", "INSERT INTO doors VALUES (2, 'side', 0)"],
    ["SQLITE_CONSTRAINT_NOTNULL", "INSERT INTO doors VALUES (3, NULL, 0)"],
    ["SQLITE_CONSTRAINT_CHECK", "INSERT INTO doors VALUES (3, 'side', 2)"],
    ["SQLITE_CONSTRAINT_FOREIGNKEY", "INSERT INTO keys VALUES (9)"],
    ["SQLITE_CONSTRAINT_DATATYPE", "INSERT INTO doors VALUES (3, 'side', 'ajar')"],
    ["SQLITE_ERROR", "SELECT * FROM windows"],
    ["SQLITE_READONLY", "PRAGMA query_only = ON; DELETE FROM keys"],
  ])("names the error %s", (code, sql) => {
    const { sqlite } = withTables(Driver);
    expect(codeOf(() => sqlite.exec(sql))).toBe(code);
    if (!sql.startsWith("PRAGMA")) expect(codeOf(() => sqlite.prepare(sql).run())).toBe(code);
  });

  it("says that a row exists in SQLite's words, which name its columns", () => {
    const { sqlite } = withTables(Driver);
    expect(() => sqlite.prepare("INSERT INTO doors VALUES (3, 'back', 0)").run()).toThrow(
      "UNIQUE constraint failed: doors.name",
    );
  });

  it("waits for locks of another connection no longer than it is told, and reports a snapshot that is old", () => {
    const { sqlite, file } = withTables(Driver);
    sqlite.pragma("journal_mode = WAL");
    const other = openWith(Driver, file, { timeout: 0 });
    sqlite.exec("BEGIN IMMEDIATE");
    expect(codeOf(() => other.exec("BEGIN IMMEDIATE"))).toBe("SQLITE_BUSY");
    sqlite.exec("COMMIT");
    other.exec("BEGIN");
    other.prepare("SELECT * FROM doors").all();
    sqlite.exec("DELETE FROM keys WHERE door = 0; INSERT INTO keys VALUES (1)");
    expect(codeOf(() => other.exec("INSERT INTO keys VALUES (2)"))).toBe("SQLITE_BUSY_SNAPSHOT");
    expect(sqlite.pragma("busy_timeout", { simple: true })).toBe(5000);
    expect(other.pragma("busy_timeout")).toEqual([{ timeout: 0 }]);
  });

  it("sees in data_version what another connection commits, and not what it commits itself", () => {
    const { sqlite, file } = withTables(Driver);
    const other = openWith(Driver, file);
    const version = sqlite.prepare<[], number>("PRAGMA data_version").pluck();
    const before = version.get();
    sqlite.exec("INSERT INTO keys VALUES (1)");
    expect(version.get()).toBe(before);
    other.exec("INSERT INTO keys VALUES (2)");
    expect(version.get()).not.toBe(before);
  });

  it.each(["door.db", "a b?c#d%20é.db"])("opens %s only where it exists, if told so", (name) => {
    const file = join(temporaryFolder(), name);
    for (const readonly of [false, true]) {
      expect(codeOf(() => openWith(Driver, file, { fileMustExist: true, readonly }))).toBe("SQLITE_CANTOPEN");
    }
    expect(existsSync(file)).toBe(false);
    withTables(Driver, file).sqlite.close();
    openWith(Driver, file, { fileMustExist: true }).exec("INSERT INTO keys VALUES (1)");
    const reader = openWith(Driver, file, { fileMustExist: true, readonly: true });
    expect(reader.prepare("SELECT count(*) FROM keys").pluck().get()).toBe(1);
    expect(codeOf(() => reader.exec("DELETE FROM keys"))).toBe("SQLITE_READONLY");
  });

  it("reports a file that is no database", () => {
    const file = join(temporaryFolder(), "text.db");
    writeFileSync(file, "no database at all, but long enough to have a header of a hundred bytes".repeat(3));
    expect(codeOf(() => openWith(Driver, file).pragma("schema_version"))).toBe("SQLITE_NOTADB");
  });

  it("copies a database into memory, which does not reach the file", () => {
    const { sqlite } = withTables(Driver);
    const copy = openWith(Driver, sqlite.serialize());
    expect([sqlite.memory, copy.memory]).toEqual([false, true]);
    copy.exec("DELETE FROM doors");
    expect(sqlite.prepare("SELECT count(*) FROM doors").pluck().get()).toBe(2);
    const reader = openWith(Driver, sqlite.serialize(), { readonly: true });
    expect(codeOf(() => reader.exec("DELETE FROM doors"))).toBe("SQLITE_READONLY");
    expect(reader.prepare("SELECT name FROM doors ORDER BY id").pluck().all()).toEqual(["front", "back"]);
  });

  it("leaves no files beside the database when it is closed, twice as well", () => {
    const { sqlite, file } = withTables(Driver);
    sqlite.pragma("journal_mode = WAL");
    sqlite.exec("INSERT INTO keys VALUES (1)");
    for (const row of sqlite.prepare("SELECT * FROM keys").iterate()) expect(row).toEqual({ door: 1 });
    expect(existsSync(`${file}-wal`)).toBe(true);
    const other = openWith(Driver, file);
    expect(other.prepare("SELECT * FROM keys").all()).toHaveLength(1);
    other.close();
    sqlite.close();
    sqlite.close();
    expect(existsSync(`${file}-wal`)).toBe(false);
  });
});

describe("resultName", () => {
  it("has the names that SQLite's header has", () => {
    const folders = ["node_modules/better-sqlite3", "node_modules/better-sqlite3-12"].filter((name) =>
      existsSync(name),
    );
    const header = join(folders[0] ?? "", "deps/sqlite3/sqlite3.h");
    const codes = new Map<string, number>();
    const define = /^#define (SQLITE_[A-Z_]+)\s+(?:(\d+)|\((SQLITE_[A-Z]+) *\| *\((\d+)<<8\)\))/gm;
    for (const [, name = "", plain, primary = "", extended] of readFileSync(header, "utf8").matchAll(define)) {
      const code = plain === undefined ? (codes.get(primary) ?? 0) | (Number(extended) << 8) : Number(plain);
      if (!codes.has(name)) codes.set(name, code);
    }
    // What an operation can fail with: from SQLITE_ERROR to SQLITE_NOTADB, which stand first and are never given to another name.
    const failures = new Map<number, string>();
    for (const [name, code] of codes) {
      const primary = code & 0xff;
      if (primary >= 1 && primary <= 26 && !failures.has(code)) failures.set(code, name);
    }
    expect(failures.size).toBeGreaterThan(90);
    for (const [code, name] of failures) expect([code, resultName(code)]).toEqual([code, name]);
  });

  it("gives the primary code of what it does not know", () => {
    expect([resultName(10 | (99 << 8)), resultName(77)]).toEqual(["SQLITE_IOERR", "SQLITE_77"]);
  });
});
