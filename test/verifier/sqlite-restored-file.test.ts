import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { apply } from "../../src/apply/apply.js";
import { openDatabase, openLiveDatabase } from "../../src/database/open.js";
import { loadSqliteDriver } from "../../src/database/sqlite/driver.js";
import { createTokenOperations } from "../../src/operations/token-operations.js";
import { openFiles } from "../support/open-files.js";
import { configurationOf, openForTest, runOptions, temporaryDatabase } from "../support/run.js";
import { makeWorld, otherValue, principalIn, token, tokenValue, user } from "./verifier-world.js";

const fileOf = (url: string) => url.slice("sqlite:".length);
const soon = { timeout: 10_000, interval: 50 };

/** How operators put a backup back. */
const ways: readonly (readonly [string, (backup: string, file: string) => void])[] = [
  ["moved over it", (backup, file) => renameSync(backup, file)],
  ["copied over it", (backup, file) => writeFileSync(file, readFileSync(backup))],
  [
    "copied over it after it was emptied",
    (backup, file) => {
      truncateSync(file);
      writeFileSync(file, readFileSync(backup));
    },
  ],
  [
    "copied after it was deleted",
    (backup, file) => {
      rmSync(file);
      copyFileSync(backup, file);
    },
  ],
];

/** A verifier whose database got a second token after a backup. */
async function withBackup() {
  const url = temporaryDatabase();
  const file = fileOf(url);
  await apply(configurationOf(token("a", tokenValue), user("jan")), runOptions(url));
  const backup = `${file}.backup`;
  copyFileSync(file, backup);
  const bytes = readFileSync(backup);
  const world = await makeWorld([token("a", tokenValue), user("jan"), token("b", otherValue)], { url });
  return { ...world, file, backup, isRestored: () => readFileSync(file).equals(bytes) };
}

/** Reads at this moment of the database, so that nobody can empty its log. */
function holdMoment(file: string): () => void {
  const reader = new (loadSqliteDriver())(file);
  onTestFinished(() => void reader.close());
  reader.exec("BEGIN");
  reader.prepare("SELECT count(*) FROM users").get();
  return () => void reader.exec("COMMIT");
}

describe("S105 a backup that replaces a verifier's database", () => {
  it.each(ways)("F20: stays as it was when %s, and what it does not hold is refused", async (_, restore) => {
    const { authenticate, verifier, file, backup, isRestored, reasons } = await withBackup();
    // Their last uses are still to be written when the file is replaced.
    principalIn(await authenticate(`Token ${tokenValue}`));
    principalIn(await authenticate(`Token ${otherValue}`));
    restore(backup, file);
    await vi.waitFor(async () => expect((await authenticate(`Token ${otherValue}`)).kind).toBe("rejected"), soon);
    expect(reasons()).toContain("unknown_token");
    await verifier.close();
    expect(isRestored()).toBe(true);
    expect(existsSync(`${file}-wal`)).toBe(false);
    // The twin: what is used from now on is written.
    const next = await openLiveDatabase(`sqlite:${file}`, "read");
    const writer = await next.openWriter();
    await writer.kysely.updateTable("api_tokens").set({ last_used_at: "2026-01-01T00:00:00.000Z" }).execute();
    await writer.close();
    await next.close();
    expect(isRestored()).toBe(false);
    const { kysely } = await openForTest(`sqlite:${file}`);
    const rows = await kysely.selectFrom("api_tokens").select(["identifier", "last_used_at"]).execute();
    expect(rows).toEqual([{ identifier: "a", last_used_at: "2026-01-01T00:00:00.000Z" }]);
  });

  it.each(ways)("F20: is noticed by a verifier that nobody asks anything, when %s", async (_, restore) => {
    const { file, backup, isRestored, verifier } = await withBackup();
    const indexes = [`${file}-shm`, `${file}-shm (deleted)`];
    const held = () => openFiles().filter((name) => name.startsWith(file) && !indexes.includes(name));
    expect(held().length > 0).toBe(existsSync("/proc/self/fd"));
    restore(backup, file);
    // It closes the earlier database, whose log would be in the way.
    await vi.waitFor(() => expect(held()).toEqual([]), soon);
    const next = async () => {
      const opened = await openDatabase(`sqlite:${file}`, "read");
      const rows = await opened?.kysely.selectFrom("api_tokens").select("identifier").execute();
      await opened?.close();
      expect(rows).toEqual([{ identifier: "a" }]);
    };
    await vi.waitFor(next, soon);
    await verifier.close();
    expect(isRestored()).toBe(true);
  });

  it.each(ways.filter(([way]) => !way.startsWith("copied over")))(
    "F20: is not opened by anyone in the process while the earlier one's log is beside it, when %s",
    async (_, restore) => {
      const { authenticate, url, file, backup, isRestored } = await withBackup();
      const tokens = await createTokenOperations({ database: url, env: {} });
      onTestFinished(() => tokens.close());
      const live = await openLiveDatabase(url, "read");
      onTestFinished(() => live.close());
      const account = await live.kysely
        .selectFrom("users")
        .select("id")
        .where("username", "=", "jan")
        .executeTakeFirst();
      const who = { contactPerson: "Jan", email: "jan@gemeente.example", actor: "login:jan" };
      const create = () => tokens.create({ userId: account?.id ?? "", identifier: "my-own", ...who });
      const release = holdMoment(file);
      await apply(configurationOf(token("b", otherValue, { email: "other@gemeente.example" })), runOptions(url));
      await live.changes.current();
      restore(backup, file);
      const refusal = /was replaced or overwritten while the earlier one was in use.*\[DATABASE_UNREACHABLE\]/;
      await vi.waitFor(() => expect(authenticate(`Token ${otherValue}`)).rejects.toThrow(refusal), soon);
      await expect(create()).rejects.toThrow(refusal);
      await expect(live.openWriter()).rejects.toThrow(refusal);
      expect(isRestored()).toBe(true);
      release();
      for (const end of ["-wal", "-shm"]) rmSync(`${file}${end}`, { force: true });
      expect((await authenticate(`Token ${otherValue}`)).kind).toBe("rejected");
    },
  );

  it("F20: that is copied over a database whose log could not be emptied is refused until that is mended", async () => {
    const { authenticate, url, file, backup } = await withBackup();
    const release = holdMoment(file);
    await apply(configurationOf(token("b", otherValue, { email: "other@gemeente.example" })), runOptions(url));
    principalIn(await authenticate(`Token ${tokenValue}`));
    expect(readFileSync(`${file}-wal`).length).toBeGreaterThan(0);
    await vi.waitFor(async () => {
      writeFileSync(file, readFileSync(backup));
      await expect(authenticate(`Token ${tokenValue}`)).rejects.toThrow(/was replaced or overwritten/);
    }, soon);
    release();
  });
});

describe("S105 a transaction during which the database is replaced", () => {
  it("F20: is not committed, by a writer of a running program or by apply", async () => {
    const { url, file, backup, isRestored, verifier } = await withBackup();
    await verifier.close();
    const spare = `${backup}.spare`;
    copyFileSync(backup, spare);
    const live = await openLiveDatabase(url, "read");
    const writer = await live.openWriter();
    const written = writer.kysely.transaction().execute(async (tx) => {
      await tx.updateTable("users").set({ first_name: "Jan" }).execute();
      renameSync(backup, file);
    });
    await expect(written).rejects.toThrow(/was replaced/);
    await writer.close();
    await live.close();
    expect(isRestored()).toBe(true);
    const beforeCommit = async () => renameSync(spare, file);
    const applied = apply(configurationOf(token("c", "c".repeat(40))), runOptions(url, { beforeCommit }));
    await expect(applied).rejects.toThrow(/was replaced before the write; nothing was written/);
    expect(isRestored()).toBe(true);
    // The twin, with nobody in between.
    expect((await apply(configurationOf(token("c", "c".repeat(40))), runOptions(url))).outcome).toBe("applied");
  });
});
