import { chmodSync, chownSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadSqliteDriver } from "../../src/database/sqlite/driver.js";
import { judgeSpace } from "../../src/database/sqlite/inspect.js";
import { type CliResult, runCli, writeFiles } from "../support/cli.js";
import { startCli } from "../support/cli-process.js";
import { explicitProvider, tokenFile, tokenItem } from "../support/config-text.js";
import { temporaryFolder } from "../support/run.js";
import { troublesIn } from "./doctor-world.js";

const doctor = ["doctor", "--offline", "--output", "json"];

/** A folder with a database and its key file in it. */
async function healthyFolder(): Promise<string> {
  const folder = temporaryFolder();
  writeFiles(folder, {
    "config.yaml": explicitProvider.replace("SECRET", "canary-of-a-client-0123456789"),
    "tokens.yaml": tokenFile(tokenItem("a", "canary-0123456789abcdef0123456789abcdef")),
  });
  expect((await runCli(["apply", "config.yaml", "tokens.yaml"], { cwd: folder })).status).toBe(0);
  return folder;
}

const run = (folder: string): Promise<CliResult> => runCli(doctor, { cwd: folder });

describe("doctor, about a database file,", () => {
  it.each([
    {
      what: "a file that others can read",
      plant: (folder: string) => chmodSync(join(folder, "vtb-auth.db"), 0o644),
      found: "warning database WHERE mode DATABASE_MODE",
      status: 0,
    },
    {
      what: "a key file that others can read",
      plant: (folder: string) => chmodSync(join(folder, "vtb-auth.db.key"), 0o644),
      found: "warning sealing_key WHERE mode SECRET_FILE_MODE",
      status: 0,
    },
    {
      what: "a key file that others can write",
      plant: (folder: string) => chmodSync(join(folder, "vtb-auth.db.key"), 0o622),
      found: "failure sealing_key WHERE key KEY_UNSAFE",
      status: 4,
    },
    {
      what: "a folder in which others can replace the file",
      plant: (folder: string) => chmodSync(folder, 0o777),
      found: "warning database WHERE mode DATABASE_MODE",
      status: 0,
    },
    {
      what: "a damaged file",
      plant: (folder: string) => {
        const file = join(folder, "vtb-auth.db");
        // The first page says what there is; the others hold it.
        writeFileSync(file, readFileSync(file).fill(0x5a, 4096));
      },
      found: "failure database WHERE connection DATABASE_DAMAGED",
      status: 4,
    },
    {
      what: "rows that refer to none",
      plant: (folder: string) => {
        const database = new (loadSqliteDriver())(join(folder, "vtb-auth.db"));
        database.pragma("foreign_keys = OFF");
        database.exec("DELETE FROM oidc_providers");
        database.close();
      },
      found: "failure database WHERE integrity DATABASE_DAMAGED",
      status: 4,
    },
    {
      what: "a file that is no database",
      plant: (folder: string) => writeFileSync(join(folder, "vtb-auth.db"), "canary, and not a database"),
      found: "failure database WHERE connection DATABASE_DAMAGED",
      status: 4,
    },
    {
      what: "a file without a write-ahead log",
      plant: (folder: string) => {
        const database = new (loadSqliteDriver())(join(folder, "vtb-auth.db"));
        database.pragma("journal_mode = DELETE");
        database.close();
      },
      found: "warning database WHERE journal DATABASE_JOURNAL",
      status: 0,
    },
  ])("finds $what, and nothing else", async ({ plant, found, status }) => {
    const folder = await healthyFolder();
    expect(troublesIn(await run(folder))).toBe("");
    plant(folder);
    const result = await run(folder);
    expect([troublesIn(result, "WHERE"), result.status]).toEqual([found, status]);
    expect(result.stdout).not.toContain("canary");
  });

  it.runIf(process.getuid?.() === 0)(
    "finds a folder and a file that this user may only read, reads them all the same, and leaves nothing there",
    async () => {
      const folder = await healthyFolder();
      const uid = 4321;
      for (const name of readdirSync(folder)) chownSync(join(folder, name), uid, uid);
      chownSync(folder, uid, uid);
      const inProcess = () => startCli(doctor, { cwd: folder, uid }).ended;
      expect(troublesIn(await inProcess())).toBe("");
      const names = readdirSync(folder);
      chmodSync(folder, 0o555);
      const inReadOnlyFolder = await inProcess();
      expect([troublesIn(inReadOnlyFolder, "WHERE"), inReadOnlyFolder.status]).toEqual([
        "failure database WHERE access DATABASE_UNREACHABLE",
        4,
      ]);
      chmodSync(folder, 0o755);
      chmodSync(join(folder, "vtb-auth.db"), 0o400);
      expect(troublesIn(await inProcess(), "WHERE")).toBe("failure database WHERE access DATABASE_UNREACHABLE");
      expect(readdirSync(folder)).toEqual(names);
      chmodSync(join(folder, "vtb-auth.db"), 0o000);
      expect(troublesIn(await inProcess(), "WHERE")).toBe("failure database WHERE connection DATABASE_UNREACHABLE");
    },
  );

  it("warns of a disk that is nearly full, and fails where nothing can be written any more", () => {
    const mebibyte = 1024 * 1024;
    const judge = (free: number, size: number) => judgeSpace("auth.db", free * mebibyte, size * mebibyte);
    expect(judge(64, 1)).toMatchObject({ status: "ok" });
    expect(judge(63, 1)).toMatchObject({ status: "warning", code: "DATABASE_SPACE" });
    expect(judge(199, 100)).toMatchObject({ status: "warning" });
    expect(judge(200, 100)).toMatchObject({ status: "ok" });
    expect(judge(3, 1)).toMatchObject({ status: "failure", hint: expect.any(String) });
  });
});
