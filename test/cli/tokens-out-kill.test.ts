import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Secret } from "../../src/secrets/secret.js";
import { digestToken } from "../../src/secrets/token.js";
import { runCli, writeFiles } from "../support/cli.js";
import { startCli } from "../support/cli-process.js";
import { tablesIn, tokenFile, tokenItem } from "../support/config-text.js";
import { temporaryFolder } from "../support/run.js";

const args = ["apply", "config.yaml", "--tokens-out", "tokens.json"];

/** Kills its process at the first call of a function of node:fs that is about a draft. */
const killer = `
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
const drafts = new Set();
const isDraft = (path) => String(path).endsWith(".uncommitted");
const { openSync } = fs;
fs.openSync = (path, ...more) => {
  const descriptor = openSync(path, ...more);
  if (isDraft(path)) drafts.add(descriptor);
  return descriptor;
};
const name = process.env.KILL_AT;
const original = fs[name];
fs[name] = (first, ...more) => {
  if (drafts.has(first) || isDraft(first)) process.kill(process.pid, "SIGKILL");
  return original(first, ...more);
};
syncBuiltinESMExports();
`;

const moments = [
  ["with an empty draft", "writeFileSync", "Applied: "],
  ["with a draft, before the commit", "fsyncSync", "Applied: "],
  ["after the commit", "renameSync", "No changes. "],
] as const;

function prepare() {
  const folder = temporaryFolder();
  writeFiles(folder, {
    "config.yaml": tokenFile(tokenItem("ci", "{generate: true}"), tokenItem("cd", "{generate: true}")),
    "killer.mjs": killer,
  });
  const kill = async (at: string, command = args) => {
    const env = { NODE_OPTIONS: `--import ${join(folder, "killer.mjs")}`, KILL_AT: at };
    const { signal } = await startCli(command, { cwd: folder, env }).ended;
    expect(signal).toBe("SIGKILL");
  };
  const files = () => readdirSync(folder).filter((name) => name.startsWith("tokens.json"));
  return { folder, kill, files };
}

/** Expects that the file holds the values of these tokens, as the database knows them. */
async function expectTokens(folder: string, ...names: readonly string[]): Promise<void> {
  const values: Readonly<Record<string, string>> = JSON.parse(readFileSync(join(folder, "tokens.json"), "utf8"));
  const rows = await (await tablesIn(folder)).selectFrom("api_tokens").select(["identifier", "digest"]).execute();
  const known = Object.entries(values).map(([identifier, value]) => ({
    identifier,
    digest: digestToken(new Secret(value)),
  }));
  expect(Object.keys(values).sort()).toEqual([...names].sort());
  expect(rows).toEqual(expect.arrayContaining(known));
}

describe.each(["dotenv", "kubernetes-secret"])("an apply with --tokens-format %s that is killed", (format) => {
  it.each(moments)("%s keeps the file of earlier ones, and the next one has all", async (_what, moment, done) => {
    const { folder, kill, files } = prepare();
    const formatted = [...args, "--tokens-format", format];
    expect(await runCli(formatted, { cwd: folder })).toMatchObject({ status: 0 });
    const text = () => readFileSync(join(folder, "tokens.json"), "utf8");
    const before = text();
    writeFiles(folder, {
      "config.yaml": tokenFile(...["ci", "cd", "zaak"].map((name) => tokenItem(name, "{generate: true}"))),
    });
    await kill(moment, formatted);
    expect(text()).toBe(before);
    const next = await runCli(formatted, { cwd: folder });
    expect(next).toMatchObject({ status: 0, stdout: expect.stringContaining(done) });
    expect(files()).toEqual(["tokens.json"]);
    const values = text().match(/vtb_\w+/g) ?? [];
    const rows = await (await tablesIn(folder)).selectFrom("api_tokens").select("digest").execute();
    expect(values.map((value) => digestToken(new Secret(value))).sort()).toEqual(
      rows.map(({ digest }) => digest).sort(),
    );
    for (const value of before.match(/vtb_\w+/g) ?? []) expect(values).toContain(value);
  });
});

describe("F22: an apply with --tokens-out that is killed", () => {
  it.each(moments)(
    "%s leaves no file of tokens that the database does not hold, and the next one succeeds",
    async (_what, moment, done) => {
      const { folder, kill, files } = prepare();
      await kill(moment);
      expect(files()).toEqual([expect.stringMatching(/^tokens\.json\..+\.uncommitted$/)]);
      const next = await runCli(args, { cwd: folder });
      expect(next).toMatchObject({ status: 0, stdout: expect.stringContaining(done) });
      expect(files()).toEqual(["tokens.json"]);
      await expectTokens(folder, "ci", "cd");
    },
  );

  it.each(moments)("%s keeps the file of earlier ones", async (_what, moment, done) => {
    const { folder, kill, files } = prepare();
    expect(await runCli(args, { cwd: folder })).toMatchObject({ status: 0 });
    const before = readFileSync(join(folder, "tokens.json"), "utf8");
    writeFiles(folder, {
      "config.yaml": tokenFile(...["ci", "cd", "zaak"].map((name) => tokenItem(name, "{generate: true}"))),
    });
    await kill(moment);
    expect(readFileSync(join(folder, "tokens.json"), "utf8")).toBe(before);
    const next = await runCli(args, { cwd: folder });
    expect(next).toMatchObject({ status: 0, stdout: expect.stringContaining(done) });
    expect(files()).toEqual(["tokens.json"]);
    await expectTokens(folder, "ci", "cd", "zaak");
    expect(JSON.parse(readFileSync(join(folder, "tokens.json"), "utf8"))).toMatchObject(JSON.parse(before));
  });
});

describe("F45: an apply that starts again with its --tokens-out", () => {
  it("adds one more generated token to the file", async () => {
    const { folder, files } = prepare();
    expect(await runCli(args, { cwd: folder })).toMatchObject({ status: 0 });
    writeFiles(folder, {
      "config.yaml": tokenFile(...["ci", "cd", "zaak"].map((name) => tokenItem(name, "{generate: true}"))),
    });
    const next = await runCli(args, { cwd: folder });
    expect(next.stderr).toBe("1 generated token was written to tokens.json.\n");
    expect(next.status).toBe(0);
    await expectTokens(folder, "ci", "cd", "zaak");
    expect(files()).toEqual(["tokens.json"]);
  });

  it("names the values that are lost where the file is gone, and says nothing where it exists", async () => {
    const { folder } = prepare();
    expect(await runCli(args, { cwd: folder })).toMatchObject({ status: 0 });
    expect(await runCli(args, { cwd: folder })).toMatchObject({ status: 0, stderr: "" });
    const gone = await runCli(["apply", "config.yaml", "--tokens-out", "other.json", "--output", "json", "--strict"], {
      cwd: folder,
    });
    expect(gone.status).toBe(0);
    expect(JSON.parse(gone.stdout)).toMatchObject({
      outcome: "unchanged",
      diagnostics: [
        {
          severity: "note",
          code: "TOKENS_NOT_IN_FILE",
          message: "other.json lacks generated tokens, and the database has only their digests: ci, cd",
        },
      ],
    });
  });
});
