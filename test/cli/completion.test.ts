import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { offerFor } from "../../src/cli/candidates.js";
import { createCliContext } from "../../src/cli/context.js";
import { createProgram } from "../../src/cli/program.js";
import { quoteForBash, quoteForPowerShell, readWord } from "../../src/cli/shell-words.js";
import { diagnosticCodes } from "../../src/errors.js";
import { runCli, runCliProcess, writeFiles } from "../support/cli.js";
import { completedLines, folderToComplete, notingCommand, shellEnv } from "../support/completed-lines.js";
import { databaseOf, isMade, unreachableDatabase } from "../support/databases.js";
import { temporaryFolder } from "../support/run.js";

const program = createProgram(createCliContext(process), () => {});

/** The values that are offered where no database is needed for that. */
function wordsAt(...words: readonly string[]): readonly string[] {
  const offer = offerFor(program, words);
  return offer.kind === "words" ? offer.candidates.map(({ value }) => value) : [];
}

async function asked(folder: string, ...words: readonly string[]): Promise<readonly string[]> {
  const { status, stdout, stderr } = await runCliProcess(["__complete", "zsh", "", ...words], { cwd: folder });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout.trimEnd().split("\n");
}

describe("what can stand at the cursor", () => {
  it("is a command or a group, and a command of a group", () => {
    expect(wordsAt("")).toEqual(expect.arrayContaining(["apply", "token", "completion", "help"]));
    expect(wordsAt("token", "")).toEqual(["list", "show", "create", "rotate", "revoke", "disable", "enable"]);
    expect(wordsAt("help", "token", "")).toContain("rotate");
    expect(wordsAt("help", "schema", "")).toEqual([]);
    expect(wordsAt("__c")).not.toContain("__complete");
  });

  it("is an option that was not given yet, or that can be repeated", () => {
    const options = wordsAt("apply", "--strict", "--allow", "LAST_ADMINISTRATOR", "--log-format=json", "--");
    expect(options).toEqual(expect.arrayContaining(["--allow", "--prune", "--help"]));
    expect(options).not.toContain("--strict");
    expect(options).not.toContain("--log-format");
    expect(wordsAt("apply", "--", "--st")).toEqual([]);
  });

  it("is a value of the option before it, where that takes one", () => {
    expect(wordsAt("plan", "--output", "")).toEqual(["text", "json", "markdown"]);
    expect(wordsAt("plan", "--output=")).toEqual(["--output=text", "--output=json", "--output=markdown"]);
    expect(wordsAt("plan", "--strict=")).toEqual([]);
    expect(offerFor(program, ["plan", "--strict", ""])).toMatchObject({ completes: ["file"] });
  });

  it("is what the definition of an option or argument says, or its placeholder", () => {
    const completes = (...words: readonly string[]) => offerFor(program, words);
    expect(completes("token", "rotate", "")).toMatchObject({ completes: ["token"] });
    expect(completes("token", "revoke", "a", "b", "")).toMatchObject({ completes: ["token"] });
    expect(completes("token", "rotate", "a", "")).toMatchObject({ kind: "words" });
    expect(completes("user", "unlink", "")).toMatchObject({ completes: ["user"] });
    expect(completes("apply", "--secrets-dir", "")).toMatchObject({ completes: ["folder"] });
    expect(completes("apply", "--owner", "")).toMatchObject({ completes: ["owner"] });
    expect(completes("apply", "--deny=")).toMatchObject({ completes: ["code"], before: "--deny=" });
    expect(completes("token", "create", "")).toEqual({ kind: "words", candidates: [] });
  });

  it("is a name in the database that the words name", () => {
    const offer = offerFor(program, ["token", "show", "--database", "sqlite:other.db", ""]);
    expect(offer).toMatchObject({ completes: ["token"], database: "sqlite:other.db" });
    expect(offerFor(program, ["token", "show", "--database=sqlite:o=.db", ""])).toMatchObject({
      database: "sqlite:o=.db",
    });
  });
});

describe("words of Bash", () => {
  it.each([
    ["a\\ b", "a b", "", 0],
    ["'a b", "a b", "'", 0],
    ['x"a\\"b\\c', 'xa"b\\c', '"', 1],
    ["user:ja", "user:ja", "", 5],
    ["--owner='team ", "--owner=team ", "'", 8],
    ["'user:'ja", "user:ja", "", 0],
    ["$(touch made)", "$(touch made)", "", 0],
  ])("are read without running anything in them: %s", (raw, value, quote, replacedFrom) => {
    expect(readWord(raw, ":=")).toEqual({ value, quote, replacedFrom });
  });

  it("are written so that Bash reads them back", () => {
    for (const value of [
      "a b",
      "$(touch made)",
      "`x`",
      "'\"\\",
      "~root",
      "!x",
      "a*?[b]{c,d}",
      "#é€",
      "user:jan",
      "a\u2028b",
    ]) {
      for (const quote of ["", "'", '"'] as const) {
        const word = `${quote}${quoteForBash(value, readWord(quote))}${quote}`;
        const { stdout } = spawnSync("bash", ["-c", `printf '<%s>' ${word}`], { encoding: "utf8" });
        expect(stdout).toBe(`<${value}>`);
      }
    }
    expect(quoteForPowerShell("o'brien")).toBe("'o''brien'");
    expect(quoteForPowerShell("user:jan")).toBe("user:jan");
  });
});

describe("completing", () => {
  it("offers what the database holds, and codes with what they mean", async () => {
    const folder = await folderToComplete();
    expect(await asked(folder, "user", "show", "")).toHaveLength(1 + 3);
    expect(await asked(folder, "access", "")).toEqual(
      expect.arrayContaining(["user:jan\t", "token:open-formulieren\t", "permission:taken.view_a"]),
    );
    const codes = await asked(folder, "apply", "--deny", "");
    expect(codes).toHaveLength(1 + Object.keys(diagnosticCodes).length);
    expect(codes).toContain(`LAST_ADMINISTRATOR\t${diagnosticCodes.LAST_ADMINISTRATOR}`);
    const allowable = await asked(folder, "apply", "--allow", "");
    expect(allowable).toContain(`LAST_ADMINISTRATOR\t${diagnosticCodes.LAST_ADMINISTRATOR}`);
    expect(allowable.join()).not.toContain("ALIAS_BOMB");
  });

  it("creates nothing, and is quiet where there is no database or an unreachable one", {
    timeout: 60_000,
  }, async () => {
    const folder = temporaryFolder();
    expect(await asked(folder, "token", "show", "")).toEqual(["words"]);
    expect(readdirSync(folder)).toEqual([]);
    expect(await isMade(databaseOf(folder))).toBe(false);
    const unreachable = await unreachableDatabase();
    expect(await asked(folder, "token", "show", "--database", unreachable, "")).toEqual(["words"]);
    expect(await asked(folder, "token", "show", "--database", "nonsense:", "")).toEqual(["words"]);
  });

  it("has a script for each shell that is named, and for no other", async () => {
    for (const shell of ["bash", "zsh", "fish", "powershell"]) {
      expect((await runCli(["completion", shell])).stdout).toContain(`__complete ${shell} `);
    }
    expect(await runCli(["completion", "tcsh"])).toMatchObject({ status: 64, stdout: "" });
  });
});

describe("Bash", () => {
  it("completes lines as they are typed, and runs nothing of a name", { timeout: 120_000 }, async () => {
    const folder = await folderToComplete();
    writeFiles(folder, { rc: `${notingCommand}source <(vtb-setup completion bash)\n` });
    const input = completedLines.map(([typed]) => `${typed}\t\n`).join("");
    const { stderr } = spawnSync("bash", ["--noprofile", "--rcfile", "rc", "-i"], {
      cwd: folder,
      env: shellEnv(folder),
      input,
      encoding: "utf8",
      timeout: 100_000,
    });
    const got = readFileSync(join(folder, "got"), "utf8").trimEnd().split("\n\n");
    expect(
      got.map((args) => args.split("\n")),
      stderr,
    ).toEqual(completedLines.map(([, args]) => args));
    expect(readdirSync(folder)).not.toContain("made");
  });
});
