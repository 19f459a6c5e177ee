import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { freePort } from "../support/http-server.js";
import { temporaryFolder } from "../support/run.js";
import { everyCommand, prepareFolder, runCommands, shownCommands } from "./console.js";
import { documents, readDocument } from "./markdown.js";

const withConsole = documents.filter((file) => shownCommands(readDocument(file)).length > 0);

describe("the commands in the documents", () => {
  it("are in the documents that have some", () => {
    expect(withConsole).toEqual(expect.arrayContaining(["README.md", "docs/command-line.md", "docs/configuration.md"]));
  });

  it.each(withConsole)("print what %s says", { timeout: 120_000 }, (file) => {
    const markdown = readDocument(file);
    const shown = shownCommands(markdown);
    const folder = temporaryFolder();
    prepareFolder(markdown, folder);
    const runs = runCommands(
      shown.map(({ command }) => command),
      folder,
      { isTerminal: true },
    );
    const actual = shown.map(({ line, command }, index) => `${file}:${line} $ ${command}\n${runs[index]?.output}`);
    expect(actual).toEqual(
      shown.map(({ line, command, output }) => `${file}:${line} $ ${command}\n${output.replace(/\n$/, "")}`),
    );
  });
});

const exampleFiles = readdirSync("examples", { recursive: true, encoding: "utf8" }).map((name) => `examples/${name}`);

/** What an example's own first comment says to run, as a page. */
function commentedCommands(file: string): string {
  const commands = [...readFileSync(file, "utf8").matchAll(/^(?:#|\/\/) +((?:npx|node|curl) .+)$/gm)];
  return ["```sh", ...commands.map(([, command = ""]) => command), "```", ""].join("\n");
}

const pages = [
  ...[...documents, ...exampleFiles.filter((file) => file.endsWith(".md"))].map((file) => [file, readDocument(file)]),
  ...exampleFiles.filter((file) => /\.(?:yaml|mjs)$/.test(file)).map((file) => [file, commentedCommands(file)]),
].flatMap(([file = "", markdown = ""]) =>
  everyCommand(markdown).some(({ command }) => command !== "") ? [{ file, markdown }] : [],
);

/** What `examples/full.yaml` says that it needs. */
const variables = {
  ADMIN_CLIENT_SECRET: "6f1d0c7e2b9a4835",
  API_CLIENT_SECRET: "9b27e4d15c8f3a60",
  OPEN_FORMS_TOKEN: "795cb35c930d27b98297df761f0fa52182348875",
};

/** The ports that the examples listen on, and free ones for this run. */
async function freePorts(): Promise<(text: string) => string> {
  const ports = await Promise.all(
    ["8000", "8001", "9000", "9001"].map(async (port) => [port, await freePort()] as const),
  );
  const free = new Map(ports.map(([port, own]) => [port, String(own)]));
  return (text) => text.replace(/\b[89]00[01]\b/g, (port) => free.get(port) ?? port);
}

describe("F0: where no terminal is", () => {
  it("there are commands on all the pages that a newcomer reads first", () => {
    expect(pages.map(({ file }) => file)).toEqual(
      expect.arrayContaining([
        "README.md",
        "docs/command-line.md",
        "docs/custom-steps.md",
        "docs/database.md",
        "examples/admin-server/README.md",
        "examples/custom-step/README.md",
        "examples/quickstart.yaml",
        "examples/full.yaml",
        "examples/api-server/server.mjs",
      ]),
    );
  });

  it.each(pages)("every command of $file works, the first time and the second", { timeout: 240_000 }, async (page) => {
    const { file, markdown } = page;
    const folder = temporaryFolder();
    prepareFolder(markdown, folder);
    const own = await freePorts();
    for (const name of exampleFiles.filter((name) => /\.(?:yaml|mjs)$/.test(name))) {
      writeFileSync(join(folder, name), own(readFileSync(name, "utf8")));
    }
    const shown = everyCommand(own(markdown));
    const commands = shown.map(({ command }) => command);
    const env = file === "examples/full.yaml" ? variables : {};
    const first = runCommands(commands, folder, { env });
    const second = runCommands(commands, folder, { env });
    for (const [index, { command, output, status }] of first.entries()) {
      const expected = shown[index]?.output;
      if (expected === undefined) expect({ command, output, status }).toMatchObject({ status: 0 });
      else expect(`${command}\n${output}`).toBe(`${command}\n${expected.replace(/\n$/, "")}`);
    }
    for (const [index, { command, output, status }] of second.entries()) {
      const before = first[index]?.status;
      expect({ command, output, status }).toMatchObject({ status: before === 2 ? 0 : before });
      expect(output).not.toMatch(/^Applied: |"outcome": "applied"/m);
    }
  });

  it("the quickstart's tokens are values that the reader can use at once", async () => {
    const folder = temporaryFolder();
    const markdown = readDocument("README.md");
    prepareFolder(markdown, folder);
    const own = await freePorts();
    const server = "examples/api-server/server.mjs";
    writeFileSync(join(folder, server), own(readFileSync(server, "utf8")));
    const tokens = [...readFileSync("examples/quickstart.yaml", "utf8").matchAll(/^ +token: (\S+)$/gm)];
    const requests = tokens.map(
      ([, token]) =>
        `curl --header 'Authorization: Token ${token}' ${own("http://127.0.0.1:8000/taken/api/v1/externetaken")}`,
    );
    const runs = runCommands(
      ["npx vtb-setup apply --strict examples/quickstart.yaml", `node ${server}`, ...requests],
      folder,
    );
    const answer = '{"count":0,"next":null,"previous":null,"results":[]}';
    expect(runs.slice(2).map(({ output }) => output)).toEqual([answer, answer]);
  });
});
