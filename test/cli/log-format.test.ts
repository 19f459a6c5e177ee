import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCli, runCliProcess, writeFiles } from "../support/cli.js";
import { tokenFile, tokenItem, userFile } from "../support/config-text.js";
import { databaseOf } from "../support/databases.js";
import { openForTest, temporaryFolder } from "../support/run.js";

interface Line {
  readonly time: string;
  readonly level: string;
  readonly code: string;
  readonly message: string;
  readonly run?: string;
}

function linesOf(stderr: string): readonly Line[] {
  return stderr
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}

function folderWith(text: string): string {
  const folder = temporaryFolder();
  writeFiles(folder, { "config.yaml": text });
  return folder;
}

const groups = "groups_config_enable: true\ngroups_config: {items: [{name: lezers}, {name: schrijvers}]}\n";

describe("--log-format json", () => {
  it("writes each step of a run on a line of its log, with the id that the journal has", async () => {
    const folder = folderWith(groups);
    const { status, stdout, stderr } = await runCliProcess(["apply", "config.yaml", "--log-format", "json"], {
      cwd: folder,
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining("2 created") });
    const lines = linesOf(stderr);
    expect(lines.map(({ level, code }) => `${level} ${code}`)).toEqual([
      "info STARTED",
      "info LOCKED",
      "info MIGRATED",
      "info COMPARED",
      "info WRITING",
      "info COMMITTED",
    ]);
    expect(lines[3]?.message).toBe("2 to create, 0 to update, 0 to delete, 0 unchanged");
    expect(lines.every(({ time }) => new Date(time).toISOString() === time)).toBe(true);
    const { kysely } = await openForTest(databaseOf(folder));
    const { id } = await kysely.selectFrom("runs").select("id").executeTakeFirstOrThrow();
    expect(new Set(lines.map(({ run }) => run))).toEqual(new Set([id]));
  });

  it("stands before the command as well, or in VTB_SETUP_LOG_FORMAT, which the option beats", async () => {
    const folder = folderWith(groups);
    const before = await runCli(["--log-format=json", "plan", "config.yaml"], { cwd: folder });
    expect(linesOf(before.stderr).map(({ code }) => code)).toEqual(["STARTED", "COMPARED"]);
    const env = { VTB_SETUP_LOG_FORMAT: "json" };
    const byVariable = await runCli(["plan", "config.yaml"], { cwd: folder, env });
    expect(linesOf(byVariable.stderr)).toHaveLength(2);
    const text = await runCli(["plan", "config.yaml", "--log-format", "text"], { cwd: folder, env });
    expect({ ...text, stdout: "" }).toMatchObject({ status: 0, stderr: "" });
  });

  it("has the place and the hint of each diagnostic, and how the run ended", async () => {
    const folder = folderWith(userFile("username: jan, emial: a@b.nl"));
    const { status, stdout, stderr } = await runCli(["apply", "config.yaml", "--log-format", "json"], { cwd: folder });
    expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
    const lines = linesOf(stderr);
    expect(lines.find(({ code }) => code === "UNKNOWN_FIELD")).toMatchObject({
      level: "error",
      severity: "error",
      file: "config.yaml",
      line: expect.any(Number),
      column: expect.any(Number),
      hint: expect.stringContaining("email"),
    });
    expect(lines.at(-1)).toMatchObject({
      level: "error",
      code: "FAILED",
      message: expect.stringMatching(/^1 error.*; nothing was changed\.$/),
    });
  });

  it("is the form of mistakes in the command line, too, and knows two formats", async () => {
    const unknown = await runCli(["--log-format", "json", "aply", "config.yaml"]);
    expect(unknown.status).toBe(64);
    expect(linesOf(unknown.stderr)[0]).toMatchObject({ level: "error", code: "COMMAND_LINE" });
    const format = await runCli(["plan", "config.yaml", "--log-format", "xml"]);
    expect({ status: format.status, stderr: format.stderr }).toEqual({
      status: 64,
      stderr: expect.stringMatching(/--log-format.*xml.*text, json/),
    });
  });

  it("has the run of a command that changes entries", async () => {
    const folder = folderWith(tokenFile(tokenItem("forms", "{generate: true}")));
    const env = { VTB_SETUP_LOG_FORMAT: "json" };
    const applied = await runCli(["apply", "config.yaml", "--tokens-out", "tokens.json"], { cwd: folder, env });
    expect(linesOf(applied.stderr).at(-1)).toMatchObject({ code: "TOKENS_WRITTEN" });
    const { stderr } = await runCli(["token", "revoke", "forms"], { cwd: folder, env });
    const { kysely } = await openForTest(databaseOf(folder));
    const { id } = await kysely
      .selectFrom("runs")
      .select("id")
      .where("through", "=", "token revoke")
      .executeTakeFirstOrThrow();
    expect(linesOf(stderr)).toMatchObject([{ level: "info", code: "COMMITTED", run: id }]);
  });
});

describe("on GitHub Actions", () => {
  const env = { GITHUB_ACTIONS: "true" };

  it("errors and warnings are annotations at their lines, relative to the repository", async () => {
    const root = temporaryFolder();
    const folder = join(root, "deploy");
    mkdirSync(folder);
    writeFiles(folder, { "a,b.yaml": `${userFile("username: jan, emial: a@b.nl")}other_program: {}\n` });
    const options = { cwd: folder, env: { ...env, GITHUB_WORKSPACE: root } };
    const { status, stderr } = await runCli(["validate", "a,b.yaml"], options);
    expect(status).toBe(3);
    expect(stderr).toMatch(/^a,b\.yaml:\d+:\d+: error: /m);
    expect(stderr).toMatch(
      /^::error file=deploy\/a%2Cb\.yaml,line=\d+,col=\d+,title=UNKNOWN_FIELD::.*emial.*%0Afix: .*email/m,
    );
    expect(stderr).toMatch(/^::warning file=deploy\/a%2Cb\.yaml,line=\d+,col=\d+,title=UNKNOWN_ROOT_KEY::/m);
    const json = await runCli(["validate", "a,b.yaml", "--output", "json"], options);
    expect(json.stderr).toMatch(/^::error file=/);
    expect(JSON.parse(json.stdout)).toMatchObject({ outcome: "invalid" });
  });

  it("has no more annotations of a level than are shown, and none elsewhere", async () => {
    const fields = Array.from({ length: 15 }, (_, index) => `unknown${index}: 1`).join(", ");
    const folder = folderWith(userFile(`username: jan, ${fields}`));
    const there = await runCli(["validate", "config.yaml"], { cwd: folder, env });
    expect(there.stderr.match(/^::error /gm)).toHaveLength(10);
    const elsewhere = await runCli(["validate", "config.yaml"], { cwd: folder });
    expect(elsewhere.stderr).not.toContain("::");
  });
});
