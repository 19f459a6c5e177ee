import { spawn } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readDocuments } from "../../src/yaml/read.js";
import { makePipe, plain } from "./support.js";

const noStdin = () => Promise.reject(new Error("standard input was read"));

describe("readDocuments", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "vtb-read-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, text: string | Buffer = "a: 1\n") => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it("reads files in the order given and shows their names as given", async () => {
    const [b, a] = [write("b.yaml"), write("a.yml", "b: 2\n")];
    const { documents, diagnostics } = await readDocuments([b, a], noStdin);
    expect(diagnostics).toEqual([]);
    expect(documents.map(({ file, root }) => [file, plain(root)])).toEqual([
      [b, { a: "1" }],
      [a, { b: "2" }],
    ]);
  });

  it("F30: reads a directory's *.yaml and *.yml by name, not those below it, hidden or with other endings", async () => {
    write("b.yaml");
    write("a.yaml");
    write("c.yml");
    write("D.YML");
    for (const name of [".d.yaml", ".d.yml", "e.yaml.bak", "e.yml~", "e.json", "eyaml", ".yml"]) write(name);
    mkdirSync(join(folder, "sub"));
    write("sub/e.yaml");
    symlinkSync(join(folder, "sub/e.yaml"), join(folder, "f.yaml"));
    const { documents } = await readDocuments([`${folder}/`], noStdin);
    expect(documents.map(({ file }) => file)).toEqual(
      ["D.YML", "a.yaml", "b.yaml", "c.yml", "f.yaml"].map((name) => `${folder}/${name}`),
    );
  });

  it("refuses a directory without any", async () => {
    write("c.json");
    const { diagnostics } = await readDocuments([folder], noStdin);
    expect(diagnostics).toMatchObject([
      { code: "FILE_UNREADABLE", message: `the directory ${folder} has no *.yaml or *.yml file` },
    ]);
    expect(diagnostics[0]?.hint).toContain(".yaml");
  });

  it("reads standard input once", async () => {
    const stdin = () => Promise.resolve(Buffer.from("a: 1\n"));
    const once = await readDocuments(["-"], stdin);
    expect(once.documents.map(({ file }) => file)).toEqual(["<stdin>"]);
    const twice = await readDocuments(["-", "-"], stdin);
    expect(twice.documents).toHaveLength(1);
    expect(twice.diagnostics).toMatchObject([{ code: "FILE_UNREADABLE", message: "standard input is passed twice" }]);
  });

  it("refuses the same file given twice, under whatever name", async () => {
    const file = write("a.yaml");
    linkSync(file, join(folder, "same.yaml"));
    const { documents, diagnostics } = await readDocuments([file, `${folder}/./same.yaml`], noStdin);
    expect(documents).toHaveLength(1);
    expect(diagnostics).toMatchObject([
      { code: "FILE_UNREADABLE", message: `the file ${folder}/./same.yaml is passed twice` },
    ]);
  });

  it("A1.2 reports every file that is missing, and reads the others", async () => {
    const [one, other] = [join(folder, "no"), join(folder, "neither")];
    const { documents, diagnostics } = await readDocuments([one, write("a.yaml"), other], noStdin);
    expect(documents).toHaveLength(1);
    expect(diagnostics.map(({ message }) => message)).toEqual([
      `the file ${one} does not exist`,
      `the file ${other} does not exist`,
    ]);
  });

  it("S87 refuses a file of more than 64 MiB", async () => {
    const file = write("large.yaml", "");
    truncateSync(file, 64 * 1024 * 1024 + 1);
    const { diagnostics } = await readDocuments([file], noStdin);
    expect(diagnostics).toMatchObject([{ code: "FILE_UNREADABLE", message: `the file ${file} is larger than 64 MiB` }]);
  });

  it("reads a pipe to its end", async () => {
    const fifo = join(folder, "pipe");
    makePipe(fifo);
    spawn("sh", ["-c", `(printf 'a: 1\\n'; sleep 0.1; printf 'b: 2\\n') > ${fifo}`]);
    const { documents } = await readDocuments([fifo], noStdin);
    expect(plain(documents[0]?.root)).toEqual({ a: "1", b: "2" });
  });

  it("gives the text of a file that can't be parsed, for quoting", async () => {
    const bad = write("bad.yaml", "a: b: c\n");
    const { documents, sources, diagnostics } = await readDocuments([bad, write("a.yaml")], noStdin);
    expect(documents).toHaveLength(1);
    expect(sources.map(({ scalars }) => scalars?.length)).toEqual([undefined, 1]);
    expect(diagnostics).toMatchObject([
      { code: "YAML_SYNTAX", range: { position: { file: bad, line: 1, column: 4 } } },
    ]);
  });
});
