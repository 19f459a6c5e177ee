import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/run.js";
import { runCommands, shownCommands } from "./console.js";
import { documents, readDocument } from "./markdown.js";

const withCommands = documents.filter((file) => shownCommands(readDocument(file)).length > 0);

describe("the commands in the documents", () => {
  it("are in the documents that have some", () => {
    expect(withCommands).toEqual(
      expect.arrayContaining(["README.md", "docs/command-line.md", "docs/configuration.md"]),
    );
  });

  it.each(withCommands)("print what %s says", (file) => {
    const markdown = readDocument(file);
    const shown = shownCommands(markdown);
    const outputs = runCommands(markdown, temporaryFolder());
    expect(outputs).toHaveLength(shown.length);
    const actual = shown.map(({ line, command }, index) => `${file}:${line} $ ${command}\n${outputs[index]}`);
    expect(actual).toEqual(
      shown.map(({ line, command, output }) => `${file}:${line} $ ${command}\n${output.replace(/\n$/, "")}`),
    );
  });
});
