import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { apply } from "../../src/apply/apply.js";
import { withLock } from "../../src/database/lock.js";
import { openDatabase } from "../../src/database/open.js";
import { runCli, writeFiles } from "../support/cli.js";
import { startCli } from "../support/cli-process.js";
import { databaseOf } from "../support/databases.js";
import {
  configurationOf,
  openForTest,
  resource,
  runOptions,
  temporaryDatabase,
  temporaryFolder,
} from "../support/run.js";
import { digestsOf, stateOf, tokensYaml } from "../support/tokens.js";

const four = [0, 1, 2, 3] as const;
const eight = [...four, 4, 5, 6, 7] as const;
const count = 500;
const lezers = configurationOf(resource("group", "lezers", { permissions: [] }));
const schrijvers = configurationOf(resource("group", "schrijvers", { permissions: [] }));

function outcomeOf({ stdout }: { readonly stdout: string }): string {
  return JSON.parse(stdout).outcome;
}

/** Holds the lock of a database, which has its tables, while `work` runs. */
async function whileLocked<T>(url: string, work: () => Promise<T>): Promise<T> {
  const database = await openDatabase(url, "write");
  const lock = {
    timeoutMs: 0,
    hasTables: true,
    sleep: (ms: number) => setTimeout(ms),
    now: () => Date.now(),
    newId: () => "store",
  };
  try {
    return await withLock(database, lock, async () => ({ commit: false, value: await work() }));
  } finally {
    await database.close();
  }
}

describe("simultaneous applies", () => {
  it("S92 by eight processes: one creates the database and seven find no changes", async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { "config.yaml": tokensYaml(count, "new") });
    const run = () => startCli(["apply", "config.yaml", "--output", "json"], { cwd: folder }).ended;
    const ends = await Promise.all(eight.map(run));
    expect(ends.map(({ status, stderr }) => ({ status, stderr: stderr.replace(/^waiting .*…\n/gm, "") }))).toEqual(
      eight.map(() => ({ status: 0, stderr: "" })),
    );
    expect(ends.map(outcomeOf).sort()).toEqual(["applied", ...eight.slice(1).map(() => "unchanged")]);
    const { tokens, counts, revision } = await stateOf(databaseOf(folder));
    expect(tokens.map(({ digest }) => digest).sort()).toEqual(digestsOf(count, "new"));
    expect(counts).toEqual([count, count, count, 1]);
    expect(revision).toEqual([{ revision: 1 }]);
  }, 90_000);

  it("S92 write one after the other when their files differ", async () => {
    const folder = temporaryFolder();
    const yaml = tokensYaml(4, "new").split(/(?=^ {4}- identifier)/m);
    writeFiles(folder, Object.fromEntries(four.map((index) => [`${index}.yaml`, `${yaml[0]}${yaml[index + 1]}`])));
    const ends = await Promise.all(
      four.map((index) => startCli(["apply", `${index}.yaml`, "--output", "json"], { cwd: folder }).ended),
    );
    expect(ends.map(({ status }) => status)).toEqual([0, 0, 0, 0]);
    expect(ends.map(outcomeOf)).toEqual(["applied", "applied", "applied", "applied"]);
    const { tokens, counts, revision } = await stateOf(databaseOf(folder));
    expect(tokens.map(({ identifier }) => identifier)).toEqual(["app-0", "app-1", "app-2", "app-3"]);
    expect(tokens.map(({ digest }) => digest).sort()).toEqual(digestsOf(4, "new"));
    expect(counts).toEqual([4, 4, 4, 4]);
    expect(revision).toEqual([{ revision: 4 }]);
  });

  it("S92 wait for a lock that is held, and say so", async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { "old.yaml": tokensYaml(1, "old"), "new.yaml": tokensYaml(1, "new") });
    expect(await runCli(["apply", "old.yaml"], { cwd: folder })).toMatchObject({ status: 0 });
    const run = await whileLocked(databaseOf(folder), async () => {
      const started = startCli(["apply", "new.yaml"], { cwd: folder });
      await started.said(/^waiting for another run to finish \(up to 30 s\)…$/m);
      return started;
    });
    expect(await run.ended).toMatchObject({ status: 0, stdout: expect.stringContaining("1 updated") });
  });

  it("S92 end with DATABASE_LOCKED, which means to try again, when the lock is held for too long", async () => {
    const url = temporaryDatabase();
    await apply(lezers, runOptions(url));
    await whileLocked(url, async () => {
      const late = apply(schrijvers, runOptions(url, { lockTimeoutMs: 100 }));
      await expect(late).rejects.toMatchObject({
        reason: "unavailable",
        diagnostics: [
          { code: "DATABASE_LOCKED", message: "could not get the database's lock within 0.1 s: another run holds it" },
        ],
      });
    });
    const { kysely } = await openForTest(url);
    expect(await kysely.selectFrom("groups").select("name").execute()).toEqual([{ name: "lezers" }]);
    expect((await apply(schrijvers, runOptions(url, { lockTimeoutMs: 100 }))).outcome).toBe("applied");
  });

  it("take no lock, and do not wait, when there are no changes", async () => {
    const url = temporaryDatabase();
    await apply(lezers, runOptions(url));
    const { outcome } = await whileLocked(url, () => apply(lezers, runOptions(url, { lockTimeoutMs: 0 })));
    expect(outcome).toBe("unchanged");
  });
});
