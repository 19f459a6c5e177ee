import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseDatabaseUrl } from "../../src/database/open.js";
import { createLogin } from "../../src/login/index.js";
import { createVerifier } from "../../src/verifier/index.js";
import { runCli, writeFiles } from "../support/cli.js";
import { temporaryFolder } from "../support/run.js";

const wrong: readonly (readonly [url: string, reported: string])[] = [
  ["sqlite::memory:", "in-memory"],
  ["sqlite:file::memory:?cache=shared", "in-memory"],
  ["sqlite:file:auth.db", "file: URI"],
  ["sqlite:./auth.db\n", "control or invisible character"],
  ["sqlite:./auth.db\r\n", "Windows line endings"],
  ["sqlite:./au\tth.db", "control or invisible character"],
  ["sqlite:./auth.db\u00a0", "control or invisible character"],
  ["postgres://u@127.0.0.1:1/x\n", "control or invisible character"],
  [" postgres://u@127.0.0.1:1/x", "whitespace around it"],
  ["sqlite:./auth.db ", "whitespace around it"],
  ["sqlite: ./auth.db", "whitespace around it"],
  ["'sqlite:./auth.db'", "quotes around it"],
  ['sqlite:"./auth.db"', "quotes around it"],
  ["sqlite:./auth.db?mode=ro", "contains ? or #"],
  ["sqlite:./auth.db#x", "contains ? or #"],
  ["sqlite:${DATA}/auth.db", "placeholder"],
  ["sqlite:$DATA/auth.db", "placeholder"],
  ["sqlite:%DATA%/auth.db", "placeholder"],
  ["sqlite:{{ data }}/auth.db", "placeholder"],
  ["sqlite:<path>", "placeholder"],
  ["sqlite:~/auth.db", "placeholder"],
  ["postgres://${USER}@127.0.0.1:1/x", "placeholder"],
];

describe("F37 a database URL that is certainly a mistake", () => {
  it.each(wrong)(
    "such as %j is a usage error of option and variable alike, and creates no file",
    async (url, reported) => {
      const folder = temporaryFolder();
      writeFiles(folder, { "config.yaml": "groups_config_enable: true\ngroups_config: {items: [{name: lezers}]}\n" });
      for (const command of ["plan", "apply", "migrate"]) {
        const files = command === "migrate" ? [] : ["config.yaml"];
        const runs = [
          await runCli([command, ...files, "--database", url], { cwd: folder }),
          await runCli([command, ...files], { cwd: folder, env: { VTB_SETUP_DATABASE: url } }),
        ];
        for (const { status, stderr } of runs) {
          expect(status, stderr).toBe(64);
          expect(stderr).toContain(reported);
          expect(stderr).toContain("[DATABASE_URL]");
        }
      }
      expect(readdirSync(folder)).toEqual(["config.yaml"]);
    },
  );

  it.each(wrong)("such as %j is refused by verifier and login", async (database, reported) => {
    await expect(createVerifier({ database, env: {} })).rejects.toThrow(reported);
    const login = createLogin({
      database,
      redirectUri: "https://app.example/callback",
      sessionSecret: "7f1c9a523d844e0b9c6a51f0e2d7b834",
    });
    await expect(login).rejects.toThrow(reported);
  });

  it.each([
    "sqlite:./vtb-auth.db",
    "sqlite:/data/my auth (2024) 100%.db",
    "sqlite:///data/a$1&b'c.db",
    "sqlite:memory.db",
    "postgres://u:p%3F%23$a@h/x?sslmode=require",
    "postgresql://h/x",
  ])("is none such as %j", (url) => {
    expect(() => parseDatabaseUrl(url)).not.toThrow();
  });
});

describe("F37 an owner that looks like another", () => {
  it.each(["", " ", "shop ", "shop\n", "sh\u200bop", "'shop'", "${OWNER}", "<owner>"])(
    "such as %j is a usage error",
    async (owner) => {
      const folder = temporaryFolder();
      writeFiles(folder, { "config.yaml": "groups_config_enable: true\ngroups_config: {items: [{name: lezers}]}\n" });
      for (const command of ["plan", "apply"]) {
        const { status, stderr } = await runCli([command, "config.yaml", "--owner", owner], { cwd: folder });
        expect(status, stderr).toBe(64);
        expect(stderr).toMatch(/error: the owner .*\[COMMAND_LINE\]/);
      }
      expect(readdirSync(folder)).toEqual(["config.yaml"]);
    },
  );

  it.each(["shop", "team Één (acceptatie)", "a$b"])("is none such as %s", async (owner) => {
    const folder = temporaryFolder();
    writeFiles(folder, { "config.yaml": "groups_config_enable: true\ngroups_config: {items: [{name: lezers}]}\n" });
    expect(await runCli(["plan", "config.yaml", "--owner", owner], { cwd: folder })).toMatchObject({ status: 0 });
  });
});
