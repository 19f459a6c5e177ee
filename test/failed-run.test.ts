import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { writeFiles } from "./support/cli.js";

/** The status of a run of one test beside a PostgreSQL server that is started for it, as in our own runs. */
function statusOf(test: string): number | null {
  mkdirSync("node_modules/.cache", { recursive: true });
  const folder = mkdtempSync("node_modules/.cache/run-");
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const server = JSON.stringify(resolve("test/support/postgres-server.ts"));
  writeFiles(folder, {
    "vitest.config.mjs": 'export default { test: { globalSetup: ["setup.ts"], include: ["one.test.mjs"] } };\n',
    "setup.ts": `import { startPostgres } from ${server};\nexport const setup = async () => (await startPostgres()).remove;\n`,
    "one.test.mjs": `import { expect, it } from "vitest";\nit("is run", () => ${test});\n`,
  });
  const { VITEST: _, ...env } = process.env;
  const run = [resolve("node_modules/vitest/vitest.mjs"), "run", "--root", join(process.cwd(), folder)];
  return spawnSync(process.execPath, run, { env, cwd: folder, encoding: "utf8" }).status;
}

describe("a run of the tests", () => {
  it("fails when a test fails", () => expect(statusOf("expect(1).toBe(2)")).toBe(1));

  it("passes when it passes", () => expect(statusOf("expect(1).toBe(1)")).toBe(0));
});
