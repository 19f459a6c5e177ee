import { existsSync, readFileSync } from "node:fs";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { allCommands } from "../../src/cli/command.js";
import { createCliContext } from "../../src/cli/context.js";
import { exitStatus } from "../../src/cli/exit-status.js";
import { createProgram } from "../../src/cli/program.js";
import { createTerminal } from "../../src/cli/terminal.js";
import { runCli } from "../support/cli.js";

interface Screen {
  readonly isTerminal: boolean;
  readonly columns: number;
  readonly env: Readonly<Record<string, string>>;
}

const escapeCharacter = "\u001b";
const pipe: Screen = { isTerminal: false, columns: 80, env: {} };

const context = createCliContext(process);

/** The program as it is on a screen. */
function programOn({ isTerminal, columns, env }: Screen): Command {
  const size = { isTTY: isTerminal, columns: isTerminal ? columns : undefined };
  const stream = Object.assign(Object.create(process.stdout), size, { on: () => stream });
  const { signal } = new AbortController();
  const terminal = createTerminal({ stdout: stream, stderr: stream, env }, signal);
  return createProgram({ ...context, env, terminal }, () => {});
}

const program = programOn(pipe);
const named = allCommands(program).map(({ name, command }) => ({ name, command, help: command.helpInformation() }));
const commands = named.filter(({ command }) => command.commands.length === 0);
const groups = named.filter(({ command }) => command.commands.length > 0);
const pages = [{ name: "vtb-setup", help: program.helpInformation() }, ...named];

/** The text under a heading, up to the next one. */
function under(help: string, heading: string): string {
  const [, text = ""] = help.split(`\n${heading}\n`);
  return text.split(/^\S/m)[0]?.trimEnd() ?? "";
}

/** Each example's purpose, and its command in one line. */
function examplesIn(help: string): readonly { readonly purpose: string; readonly line: string }[] {
  return under(help, "Examples:")
    .split(/^ {2}# /m)
    .slice(1)
    .map((example) => {
      const [purpose = "", ...lines] = example.trimEnd().split("\n");
      return { purpose, line: lines.join("\n").replaceAll("\\\n", "").trim() };
    });
}

const examples = commands.flatMap(({ name, help }) => examplesIn(help).map((example) => ({ name, ...example })));

describe("the help of every command", () => {
  it.each(commands)("$name: says what it does and when to use it, in a paragraph", ({ name, command, help }) => {
    const [usage, paragraph = ""] = help.split("\n\n");
    expect(usage).toMatch(new RegExp(`^Usage: vtb-setup ${name} \\[options\\]`));
    expect(paragraph.replaceAll("\n", " ")).toBe(command.description());
    expect(paragraph).toMatch(/^[A-Z][\s\S]+\.$/);
    expect(paragraph).toMatch(/\b[Uu]se\b/);
    expect(command.summary()).toMatch(/^[a-z].{10,55}[^.]$/);
  });

  it.each(commands)("$name: has each option under a heading of its group", ({ command, help }) => {
    const groups = [...help.matchAll(/^([A-Z].* options:)$/gm)].map(([, heading = ""]) => heading);
    expect(help).not.toMatch(/^(?:Options|Global Options):$/m);
    expect(groups).toContain("Other options:");
    const listed = groups.flatMap((heading) => under(help, heading).match(/^ {2}(?:-\w, )?--[a-z-]+/gm) ?? []);
    const longs = listed.map((option) => option.replace(/^.*(?=--)/, ""));
    expect(longs.toSorted()).toEqual([...command.options.map(({ long }) => long ?? ""), "--help"].toSorted());
    for (const option of command.options) expect(option.description).toMatch(/^[a-z].*[^.]$/);
  });

  it.each(commands)("$name: has two examples of this command or more, each with its purpose", ({ name, help }) => {
    const own = examplesIn(help);
    expect(own.length).toBeGreaterThanOrEqual(2);
    for (const { purpose, line } of own) {
      expect(purpose).toMatch(/^[A-Z].{10,}[^.]$/);
      expect(`${line} `).toMatch(new RegExp(`^vtb-setup ${name} `));
    }
  });

  it.each(commands)("$name: has exit statuses that the manual has too", ({ help }) => {
    const section = under(help, "Exit status:");
    const statuses = [...section.matchAll(/^ {2}(\d[\d, ]*?) {2,}(\S.*)$/gm)].map(([, numbers = ""]) => numbers);
    expect(statuses).toEqual(expect.arrayContaining(["0", "1", "64", "130, 143"]));
    const known = [...Object.values(exitStatus).map(String), "130, 143"];
    expect(statuses).toEqual(known.filter((status) => statuses.includes(status)));
  });

  it("has each exit status with one command or another", () => {
    for (const status of Object.values(exitStatus)) {
      expect(commands.some(({ help }) => new RegExp(`^ {2}${status} `, "m").test(under(help, "Exit status:")))).toBe(
        true,
      );
    }
  });

  it.each(commands)("$name: names the pages and sections that have more, which exist", ({ name, help }) => {
    const links = under(help, "Read more:").trim().split(/\n\s*/);
    expect(links).toContain(`docs/command-line.md#${name.replaceAll(" ", "-")}`);
    for (const link of links) {
      const [file = "", section] = link.split("#");
      expect(existsSync(file)).toBe(true);
      const headings = [...readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, text = ""]) => text);
      if (section !== undefined)
        expect(headings.map((text) => text.toLowerCase().replaceAll(" ", "-"))).toContain(section);
    }
  });

  it.each(commands)("$name: is the same whichever way it is asked for, on standard output", async ({ name, help }) => {
    const asked = { status: 0, signal: null, stdout: help, stderr: "" };
    expect(await runCli([...name.split(" "), "--help"])).toEqual(asked);
    expect(await runCli(["help", ...name.split(" ")])).toEqual(asked);
  });
});

describe("the help of a word with commands under it", () => {
  it.each(groups)(
    "$name: has each of its commands, is the same whichever way it is asked for, and ends with 64 without one",
    async ({ name, command, help }) => {
      const listed = under(help, `${name[0]?.toUpperCase()}${name.slice(1)} commands:`).split("\n");
      expect(listed.map((line) => line.trim().replace(/ {2,}/, ": "))).toEqual(
        command.commands.map((own) => `${own.name()}: ${own.summary()}`),
      );
      const asked = await runCli([name, "--help"]);
      expect(asked).toMatchObject({ status: 0, stderr: "" });
      expect(asked.stdout.startsWith(help)).toBe(true);
      expect(await runCli(["help", name])).toEqual(asked);
      if (name === "history") return;
      expect(await runCli([name])).toMatchObject({ status: 64, stdout: "", stderr: asked.stdout });
    },
  );

  it("says what an unknown command under it may be, with its own help and the name in JSON", async () => {
    const { status, stderr } = await runCli(["token", "lst"]);
    expect(stderr).toContain(
      "unknown command 'lst' (Did you mean list?) [COMMAND_LINE]\n  fix: see vtb-setup token --help",
    );
    expect(status).toBe(64);
    const { stdout } = await runCli(["token", "show", "--output", "json"]);
    expect(JSON.parse(stdout)).toMatchObject({ command: "token show", outcome: "failed" });
  });
});

describe("an example in the help", () => {
  it.each(examples)("is a command line that the program accepts: $line", async ({ name, line }) => {
    const [, ...args] = (line.split(" > ")[0] ?? "").split(" ");
    const own = programOn(pipe);
    const called: string[] = [];
    for (const each of allCommands(own)) {
      each.command.exitOverride().configureOutput({ writeErr: () => {} });
      if (each.command.commands.length === 0) each.command.action(() => void called.push(each.name));
    }
    await own.exitOverride().parseAsync(args, { from: "user" });
    expect(called).toEqual([name]);
  });
});

describe("the help of the program", () => {
  it("has each command with its summary in one line, under the heading of a group", () => {
    const { help } = pages[0] ?? {};
    const groups = [...(help ?? "").matchAll(/^([A-Z].* commands:)$/gm)].map(([, heading = ""]) => heading);
    expect(groups.length).toBeGreaterThan(1);
    const listed = groups.flatMap((heading) =>
      under(help ?? "", heading)
        .split("\n")
        .map((line) => line.trim().replace(/ {2,}/, ": ")),
    );
    const own = program.commands.map((command) => `${command.name()}: ${command.summary()}`);
    expect(listed).toEqual([...own, "help: show the help of a command"]);
    expect(help).not.toMatch(/^Commands:$/m);
  });
});

describe("every help", () => {
  it.each(pages)("$name: fits in 80 columns, whatever the width of the terminal above that", ({ name, help }) => {
    const wide = programOn({ isTerminal: true, columns: 200, env: { NO_COLOR: "1" } });
    expect(help.split("\n").filter((line) => line.length > 80)).toEqual([]);
    expect(helpOf(wide, name)).toBe(help);
  });

  it.each(pages)("$name: wraps all but examples on a narrow terminal", ({ name }) => {
    const narrow = helpOf(programOn({ isTerminal: true, columns: 60, env: { NO_COLOR: "1" } }), name);
    const shown = narrow.replace(`\nExamples:\n${under(narrow, "Examples:")}`, "");
    expect(shown.split("\n").filter((line) => line.length > 60 && !line.startsWith("Run vtb-setup"))).toEqual([]);
  });

  it.each(pages)("$name: marks headings on a terminal, and nothing elsewhere or with NO_COLOR", ({ name, help }) => {
    const on = (screen: Partial<Screen>) => helpOf(programOn({ ...pipe, ...screen }), name);
    const marked = on({ isTerminal: true });
    const [bold, normal] = [`${escapeCharacter}[1m`, `${escapeCharacter}[22m`];
    expect(marked).toContain(`${bold}Usage:${normal}`);
    expect(marked.replaceAll(bold, "").replaceAll(normal, "")).toBe(help);
    for (const plain of [
      help,
      on({ isTerminal: true, env: { NO_COLOR: "1" } }),
      on({ isTerminal: true, env: { TERM: "dumb" } }),
    ]) {
      expect(plain).not.toContain(escapeCharacter);
    }
  });
});

function helpOf(of: Command, name: string): string {
  const found = allCommands(of).find((candidate) => candidate.name === name);
  return (found?.command ?? of).helpInformation();
}
