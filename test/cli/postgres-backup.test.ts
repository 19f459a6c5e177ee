import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { runCli } from "../support/cli.js";
import { temporaryFolder } from "../support/run.js";

describe("a backup of a server's database", () => {
  it.each([
    [
      "backup",
      "pg_dump --format=custom --file='to day.dump' --host=db.example --port=5433 --username=jan --dbname=auth --schema=vtb",
    ],
    [
      "restore",
      "pg_restore --clean --if-exists --no-owner --single-transaction --host=db.example --port=5433 --username=jan --dbname=auth --schema=vtb 'to day.dump'",
    ],
  ])(
    "is left to the server's programs: %s ends with 4 and shows the command, without the password",
    async (name, command) => {
      const folder = temporaryFolder();
      const url = "postgres://jan:canary-password@db.example:5433/auth?schema=vtb&pool_max=3";
      const { status, stdout, stderr } = await runCli([name, "to day.dump", "--database", url], { cwd: folder });
      expect({ status, stdout }).toEqual({ status: 4, stdout: "" });
      expect(stderr).toContain(`[BACKUP_BY_SERVER]\n  fix: run: ${command}\n`);
      expect(stderr).not.toContain("canary");
      expect(readdirSync(folder)).toEqual([]);
    },
  );
});
