import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { apply } from "../../../src/apply/apply.js";
import { loadConfig } from "../../../src/apply/load.js";
import { createLogin } from "../../../src/login/create-login.js";
import { createVerifier } from "../../../src/verifier/create-verifier.js";
import { runCli, writeFiles } from "../../support/cli.js";
import { runOptions, temporaryFolder } from "../../support/run.js";
import { tokensYaml } from "../../support/tokens.js";

const pageSize = 4096;

/** What a full disk, a bad copy or a wrong path leave of a database. */
const damages: readonly (readonly [string, (file: string) => void])[] = [
  [
    "cut off in its middle",
    (file) => truncateSync(file, Math.floor(readFileSync(file).length / pageSize / 2) * pageSize),
  ],
  ["cut off within a page", (file) => truncateSync(file, readFileSync(file).length - 100)],
  ["cut off within its header", (file) => truncateSync(file, 50)],
  ["of one byte", (file) => writeFileSync(file, "S")],
  ["with zeros for its first page", (file) => writeFileSync(file, readFileSync(file).fill(0, 0, pageSize))],
  ["with zeros for all other pages", (file) => writeFileSync(file, readFileSync(file).fill(0, pageSize))],
  ["of zeros", (file) => writeFileSync(file, readFileSync(file).fill(0))],
  ["that is a text", (file) => writeFileSync(file, "this is a text, and no database at all\n".repeat(200))],
];

describe("F27: a database", () => {
  it.each(damages)(
    "%s is reported as damaged, with exit status 4 and what to do, without waiting",
    async (_, damage) => {
      const folder = temporaryFolder();
      const file = join(folder, "vtb-auth.db");
      writeFiles(folder, { "config.yaml": tokensYaml(300, "one"), "other.yaml": tokensYaml(301, "one") });
      const other = join(folder, "other.yaml");
      await apply(await loadConfig([join(folder, "config.yaml")]), runOptions(`sqlite:${file}`));
      damage(file);
      const damaged = readFileSync(file);
      for (const command of ["plan", "apply"]) {
        const args = [command, other, "--wait", "1m", "--database", `sqlite:${file}`];
        const { status, stdout, stderr } = await runCli(args);
        expect({ status, stdout }, stderr).toEqual({ status: 4, stdout: "" });
        expect(stderr).toMatch(
          /is damaged, or is not an SQLite database \([\w ]+\) \[DATABASE_DAMAGED\]\n {2}fix: .*backup/,
        );
        expect(stderr).not.toContain("waiting");
        expect(readFileSync(file).equals(damaged)).toBe(true);
      }
      const reported = { reason: "refused", diagnostics: [{ code: "DATABASE_DAMAGED" }] };
      const database = `sqlite:${file}`;
      const verifying = async () => {
        const verifier = await createVerifier({ database, env: {} });
        try {
          return await verifier.authenticate(`Token ${"a".repeat(40)}`);
        } finally {
          await verifier.close();
        }
      };
      await expect(verifying()).rejects.toMatchObject(reported);
      const secret = {
        redirectUri: "https://a.example/cb",
        sessionSecret: Buffer.from(file).toString("base64").repeat(2),
      };
      const login = async () => {
        const opened = await createLogin({ database, env: {}, ...secret });
        try {
          return await opened.isEnabled();
        } finally {
          await opened.close();
        }
      };
      await expect(login()).rejects.toMatchObject(reported);
    },
  );

  it("that is empty is not damaged: apply creates it", async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { "config.yaml": tokensYaml(3, "one"), "vtb-auth.db": "" });
    const args = ["config.yaml", "--database", `sqlite:${join(folder, "vtb-auth.db")}`];
    expect((await runCli(["apply", ...args], { cwd: folder })).status).toBe(0);
    expect((await runCli(["plan", ...args], { cwd: folder })).status).toBe(0);
  });
});
