import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { applyCommand } from "../../src/cli/commands/apply.js";
import type { CliContext } from "../../src/cli/context.js";
import { createTerminal } from "../../src/cli/terminal.js";
import { SetupError } from "../../src/errors.js";
import { Secret } from "../../src/secrets/secret.js";
import { checkTokenFormat, digestToken } from "../../src/secrets/token.js";
import { runCli, writeFiles } from "../support/cli.js";
import { tablesIn, tokenFile, tokenItem } from "../support/config-text.js";
import { databaseOf, isMade } from "../support/databases.js";
import { settingsFor, temporaryFolder } from "../support/run.js";
import { runWithUmask } from "./umask.js";

const generated = /vtb_[0-9A-Za-z]{46}/g;
const yaml = tokenFile(tokenItem("ci", "{generate: true}"), tokenItem("cd", "{generate: true}"));

function folderWith(text: string): string {
  const folder = temporaryFolder();
  writeFiles(folder, { "config.yaml": text });
  return folder;
}

const apply = (folder: string, ...args: string[]) => runCli(["apply", "config.yaml", ...args], { cwd: folder });

/** What the files of a folder hold, but for those named. */
function contents(folder: string, ...except: string[]): string {
  const names = readdirSync(folder).filter((name) => !except.includes(name) && statSync(join(folder, name)).isFile());
  return names.map((name) => readFileSync(join(folder, name), "latin1")).join("\n");
}

/** A session as on a terminal, whose two streams end up in one file. */
function terminalSession(folder: string, signal: AbortSignal = new AbortController().signal) {
  const file = join(folder, "screen");
  const fd = openSync(file, "a");
  const stream = { fd, isTTY: true, columns: 80 };
  // createTerminal uses nothing else of the process.
  const own = { stdout: stream, stderr: stream, env: { NO_COLOR: "1" } } as unknown as NodeJS.Process;
  const terminal = createTerminal(own, signal);
  const session: CliContext = {
    terminal,
    cwd: folder,
    env: {},
    signal,
    stoppedBy: () => undefined,
    onHangUp: () => {},
    terminalIn: () => undefined,
    stdin: async () => Buffer.alloc(0),
  };
  const shown = () => {
    closeSync(fd);
    return readFileSync(file, "utf8");
  };
  return { session, shown };
}

describe("a generated token", () => {
  it("S65 is in the JSON of the run that generated it, once, and nowhere else", async () => {
    const folder = folderWith(yaml);
    const planned = await runCli(["plan", "config.yaml", "--output", "json"], { cwd: folder });
    expect(planned.stdout).not.toMatch(generated);
    const { stdout, stderr } = await apply(folder, "--output", "json");
    const outcome: { readonly generated: readonly { readonly key: string; readonly token: string }[] } =
      JSON.parse(stdout);
    expect(outcome.generated.map(({ key }) => key)).toEqual(["ci", "cd"]);
    expect(stdout.match(generated)).toEqual(outcome.generated.map(({ token }) => token));
    expect(stderr + contents(folder)).not.toMatch(generated);
    const rows = await (await tablesIn(folder)).selectFrom("api_tokens").select(["identifier", "digest"]).execute();
    for (const { key, token } of outcome.generated) {
      expect(checkTokenFormat(token)).toBe("generated");
      expect(rows).toContainEqual({ identifier: key, digest: digestToken(new Secret(token)) });
    }
    const again = await apply(folder, "--output", "json");
    expect(JSON.parse(again.stdout)).toMatchObject({ outcome: "unchanged" });
    expect(again.stdout + again.stderr).not.toMatch(generated);
  });

  it("S65 is not generated where it would be written into a pipe as text, and the error says how to get it", async () => {
    const folder = folderWith(yaml);
    const { stdout, stderr, status } = await apply(folder);
    expect(status).toBe(4);
    expect(stdout + stderr).not.toMatch(generated);
    expect(stderr).toContain("[TOKENS_UNSEEN]");
    expect(stderr).toContain("--tokens-out");
    expect(await isMade(databaseOf(folder))).toBe(false);
    expect((await runCli(["plan", "config.yaml", "--detailed-exitcode"], { cwd: folder })).status).toBe(2);
    expect((await apply(folder, "--tokens-out", "tokens.json")).status).toBe(0);
  });

  it("S65 is shown on a terminal, once", async () => {
    const folder = folderWith(yaml);
    const first = terminalSession(folder);
    expect(await applyCommand.run(first.session, settingsFor(folder), [join(folder, "config.yaml")])).toBe(0);
    const screen = first.shown();
    expect(new Set(screen.match(generated)).size).toBe(2);
    expect(screen.match(generated)).toHaveLength(2);
    expect(screen).toContain("they are not shown again");
    expect(contents(folder, "screen")).not.toMatch(generated);
    const second = terminalSession(folder);
    await applyCommand.run(second.session, settingsFor(folder), [join(folder, "config.yaml")]);
    expect(second.shown().slice(screen.length)).toMatch(/^No changes\./);
  });
});

describe("--tokens-out", () => {
  it.each(["0000", "0077", "0277", "0777"])("S66 writes a file of mode 0600 with umask %s", async (umask) => {
    const folder = folderWith(yaml);
    const run = runWithUmask(umask, ["apply", "config.yaml", "--tokens-out", "tokens.json"], folder);
    expect(run.status).toBe(0);
    const file = join(folder, "tokens.json");
    expect(statSync(file).mode & 0o7777).toBe(0o600);
    const tokens: Readonly<Record<string, string>> = JSON.parse(readFileSync(file, "utf8"));
    expect(Object.keys(tokens)).toEqual(["ci", "cd"]);
    const digests = await (await tablesIn(folder)).selectFrom("api_tokens").select("digest").execute();
    expect(digests.map(({ digest }) => digest).sort()).toEqual(
      Object.values(tokens)
        .map((token) => digestToken(new Secret(token)))
        .sort(),
    );
    expect(run.stdout + run.stderr + contents(folder, "tokens.json")).not.toMatch(generated);
    expect(run.stderr).toContain("2 generated tokens were written to tokens.json");
  });

  it("S66 is the only output with tokens: the JSON output then has none", async () => {
    const folder = folderWith(yaml);
    const { stdout, stderr } = await apply(folder, "--output", "json", "--tokens-out", "tokens.json");
    expect(stdout + stderr).not.toMatch(generated);
    expect(readFileSync(join(folder, "tokens.json"), "utf8")).toMatch(generated);
  });

  it("S66 refuses a file, a link, a link to nothing and a folder that everyone may write to, and changes nothing", async () => {
    const folder = folderWith(yaml);
    writeFiles(folder, { "there.json": "{}" });
    symlinkSync("there.json", join(folder, "link.json"));
    symlinkSync("nowhere.json", join(folder, "dangling.json"));
    mkdirSync(join(folder, "open"));
    chmodSync(join(folder, "open"), 0o777);
    const before = readdirSync(folder).sort();
    for (const file of [
      "there.json",
      "link.json",
      "dangling.json",
      "open/tokens.json",
      "missing/tokens.json",
      "open",
    ]) {
      const { status, stderr } = await apply(folder, "--tokens-out", file);
      expect(status, file).toBe(4);
      expect(stderr, file).toContain("[OUTPUT_FILE]");
      expect(readdirSync(join(folder, "open")), file).toEqual([]);
    }
    expect(readdirSync(folder).sort()).toEqual(before);
    expect(readFileSync(join(folder, "there.json"), "utf8")).toBe("{}");
    expect((await runCli(["plan", "config.yaml", "--detailed-exitcode"], { cwd: folder })).status).toBe(2);

    // Near twins: with the sticky bit, no user can delete another's file.
    chmodSync(join(folder, "open"), 0o1777);
    expect((await apply(folder, "--tokens-out", "open/tokens.json")).status).toBe(0);
    expect(readdirSync(join(folder, "open"))).toEqual(["tokens.json"]);
  });

  it("S66 writes no file where nothing is generated, even where one could not be written", async () => {
    const folder = folderWith(yaml);
    expect((await apply(folder, "--output", "json")).status).toBe(0);
    for (const file of ["tokens.json", "missing/tokens.json"]) {
      expect((await apply(folder, "--tokens-out", file)).status).toBe(0);
      expect(existsSync(join(folder, file))).toBe(false);
    }
  });

  it("S66 leaves nothing behind when the run is ended between the file and the commit", async () => {
    const folder = folderWith(yaml);
    const tokensOut = join(folder, "tokens.json");
    const controller = new AbortController();
    let isSeen = false;
    const watch = () => {
      isSeen ||= readdirSync(folder).some((name) => name.startsWith("tokens.json"));
      if (isSeen) controller.abort();
      else setImmediate(watch);
    };
    setImmediate(watch);
    const { session } = terminalSession(folder, controller.signal);
    const run = applyCommand.run(session, settingsFor(folder, { tokensOut }), [join(folder, "config.yaml")]);
    await expect(run).rejects.toThrow(SetupError);
    expect(isSeen).toBe(true);
    expect(readdirSync(folder).filter((name) => name.includes("tokens"))).toEqual([]);
    expect((await runCli(["plan", "config.yaml", "--detailed-exitcode"], { cwd: folder })).status).toBe(2);
    expect(contents(folder)).not.toMatch(generated);
  });
});
