import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeFiles } from "../support/cli.js";
import { completedLines, folderToComplete, notingCommand, shellEnv } from "../support/completed-lines.js";
import { kept, run } from "./kept.js";

/** A folder with zsh and fish of Debian, which need not be installed. */
function shells(): Promise<string> {
  return kept("shells-1", async (folder) => {
    const packages = ["zsh-static", "zsh-common", "fish", "fish-common", "libpcre2-32-0"];
    await run("apt-get", ["download", ...packages], { cwd: folder });
    const root = join(folder, "root");
    mkdirSync(root);
    for (const file of (await readdir(folder)).filter((name) => name.endsWith(".deb"))) {
      await run("dpkg-deb", ["-x", join(folder, file), root]);
    }
    // Where fish looks for its own files, seen from its program.
    symlinkSync("../etc", join(root, "usr/etc"));
  });
}

/** Runs a program with this input to its end. */
function runWith(
  file: string,
  args: readonly string[],
  input: string,
  options: { cwd: string; env: NodeJS.ProcessEnv },
) {
  return new Promise<string>((resolve, reject) => {
    const child = execFile(file, args, { ...options, timeout: 100_000 }, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
    child.stdin?.end(input);
  });
}

describe("completion", () => {
  it("completes lines in zsh as they are typed, and runs nothing of a name", { timeout: 240_000 }, async () => {
    const [root, folder] = [join(await shells(), "root"), await folderToComplete()];
    const functions = join(root, "usr/share/zsh/functions");
    const folders = await readdir(functions, { recursive: true, withFileTypes: true });
    const fpath = folders.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
    writeFiles(folder, {
      ".zshrc": `autoload -Uz compinit; compinit -D -u; setopt no_beep\n${notingCommand}source <(vtb-setup completion zsh)\n`,
    });
    const env = { ...shellEnv(folder), ZDOTDIR: folder, FPATH: fpath.join(":") };
    const lines = completedLines.map(([typed]) => `${typed}\t\n`).join("");
    const zsh = join(root, "bin/zsh-static");
    // Zsh completes on a terminal alone.
    const shown = await runWith("script", ["-qec", `${zsh} -i`, "/dev/null"], `${lines}exit\n`, { cwd: folder, env });
    const got = readFileSync(join(folder, "got"), "utf8").trimEnd().split("\n\n");
    expect(
      got.map((args) => args.split("\n")),
      shown,
    ).toEqual(completedLines.map(([, args]) => args));
    expect(await readdir(folder)).not.toContain("made");
  });

  it("completes words in fish, with descriptions", { timeout: 240_000 }, async () => {
    const [root, folder] = [join(await shells(), "root"), await folderToComplete()];
    writeFileSync(
      join(folder, "script.fish"),
      `function vtb-setup; $NODE $PROGRAM $argv; end
vtb-setup completion fish | source
for line in (cat lines); complete -C $line; echo; end
`,
    );
    const lines = completedLines.map(([typed]) => typed);
    writeFileSync(join(folder, "lines"), `${lines.join("\n")}\nvtb-setup appl\n`);
    const env = { ...shellEnv(folder), LD_LIBRARY_PATH: join(root, "usr/lib/x86_64-linux-gnu") };
    const fish = join(root, "usr/bin/fish");
    const shown = await runWith(fish, ["--no-config", "script.fish"], "", { cwd: folder, env });
    const offered = shown.split("\n\n").map((answer) => answer.trim());
    const [last, ...before] = offered.filter((answer) => answer !== "").toReversed();
    expect(last).toBe("apply\tmake the database match the files");
    expect(before.toReversed().map((answer) => answer.split("\t")[0])).toEqual(
      completedLines.map(([, args]) => args.at(-1)),
    );
    expect(await readdir(folder)).not.toContain("made");
  });
});
