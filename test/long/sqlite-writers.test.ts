import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { openLiveSqlite } from "../../src/database/sqlite/open-live.js";
import { createFileGuard } from "../../src/database/sqlite/replaced-file.js";
import { createVerifier } from "../../src/verifier/create-verifier.js";
import { runCliProcess, writeFiles } from "../support/cli.js";
import { databaseOf } from "../support/databases.js";
import { temporaryFolder } from "../support/run.js";
import { sqliteDriverExpression } from "../support/sql-in-another-process.js";

/**
 * Does to a database what other programs do: writes, reads at one moment for a while, moves the log in every way, and opens and
 * closes it, until it is killed.
 */
const disturb = `
  const Driver = ${sqliteDriverExpression};
  let seed = Number(process.argv[2]);
  const pick = (list) => list[(seed = (seed * 48271) % 2147483647) % list.length];
  const step = async () => {
    const sqlite = new Driver(process.argv[1], { timeout: 50 });
    const reader = new Driver(process.argv[1], { timeout: 50 });
    const acts = [
      () => sqlite.exec("CREATE TABLE IF NOT EXISTS disturbed (id); INSERT INTO disturbed VALUES (randomblob(3000))"),
      () => sqlite.exec("CREATE TABLE IF NOT EXISTS disturbed (id); DELETE FROM disturbed WHERE rowid % 7 = 0"),
      () => sqlite.exec("PRAGMA wal_checkpoint(PASSIVE)"),
      () => sqlite.exec("PRAGMA wal_checkpoint(FULL)"),
      () => sqlite.exec("PRAGMA wal_checkpoint(TRUNCATE)"),
      () => reader.exec((reader.inTransaction ?? reader.isTransaction) ? "COMMIT" : "BEGIN; SELECT count(*) FROM setup_state"),
    ];
    for (let left = 40; left > 0; left -= 1) {
      try { pick(acts)(); } catch (error) { if (!error.code.startsWith("SQLITE_BUSY")) throw error; }
      await new Promise(setImmediate);
    }
    reader.close();
    sqlite.close();
  };
  (async () => { for (;;) await step(); })();`;

function startDisturbing(file: string, seed: number) {
  const child = spawn(process.execPath, ["-e", disturb, file, String(seed)], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return {
    said: () => said,
    isRunning: () => child.exitCode === null,
    end: async () => {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

describe("a database that several programs write to at once", () => {
  it("is never taken for a replaced one, and is when it was", { timeout: 600_000 }, async () => {
    const folder = temporaryFolder();
    writeFiles(folder, {
      "config.yaml":
        "default_user_configuration_enable: true\ndefault_user_configuration_config: {users: [{username: piet}]}\n",
    });
    expect(await runCliProcess(["apply", "config.yaml"], { cwd: folder })).toMatchObject({ status: 0 });
    const file = databaseOf(folder).slice("sqlite:".length);
    copyFileSync(file, `${file}.backup`);
    const disturbers = [1, 2, 3].map((seed) => startDisturbing(file, seed));
    const guard = createFileGuard(file);
    const live = openLiveSqlite(file, "read", {}, guard);
    const verifier = await createVerifier({ database: databaseOf(folder), env: {} });
    onTestFinished(() => verifier.close());
    onTestFinished(() => live.close());

    const about = [
      "--user",
      "piet",
      "--contact-person",
      "Jan",
      "--email",
      "a@b.nl",
      "--output",
      "json",
      "--wait",
      "60s",
    ];
    const create = async (process: number) => {
      for (let number = 0; number < 10; number += 1) {
        const made = await runCliProcess(["token", "create", `t-${process}-${number}`, ...about], {
          cwd: folder,
          timeoutMs: 90_000,
        });
        expect(made).toMatchObject({ status: 0, stderr: expect.not.stringContaining("error") });
      }
    };
    let isDone = false;
    const creating = Promise.all([1, 2, 3].map(create)).finally(() => {
      isDone = true;
    });
    while (!isDone) {
      for (let some = 50; some > 0; some -= 1) guard.look("now");
      await live.changes.current();
      expect((await verifier.authenticate(`Token ${"x".repeat(40)}`)).kind).toBe("rejected");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await creating;
    expect(guard.generation()).toBe(1);
    expect(disturbers.map(({ said, isRunning }) => [isRunning(), said()])).toEqual(disturbers.map(() => [true, ""]));
    await Promise.all(disturbers.map(({ end }) => end()));
    guard.look("now");
    writeFileSync(file, readFileSync(`${file}.backup`));
    expect(guard.look("now")).toBe(2);
  });
});
