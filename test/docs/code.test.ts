import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Ajv } from "ajv";
import { describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { entries } from "../../scripts/entries.mjs";
import { runCli, writeFiles } from "../support/cli.js";
import { temporaryFolder } from "../support/run.js";
import { blocksOf, documents, readDocument } from "./markdown.js";

const blocks = documents.flatMap((file) =>
  blocksOf(readDocument(file)).map((block) => ({ ...block, where: `${file}:${block.line}` })),
);
const of = (info: string) => blocks.filter((block) => block.info === info);

describe("the code in the documents", () => {
  it("is of kinds that a test looks at, or plain text", () => {
    const known = [
      "console",
      "yaml",
      "yaml access-tests",
      "yaml kubernetes",
      "yaml part",
      "ts",
      "js",
      "json",
      "sh",
      "sh keycloak",
      "text",
      "sql",
    ];
    expect(blocks.filter(({ info }) => !known.includes(info)).map(({ where, info }) => `${where} ${info}`)).toEqual([]);
    expect(of("yaml").length).toBeGreaterThan(3);
    expect(of("ts").length).toBeGreaterThan(0);
  });

  it("F66 sends what an operator fills into a form encoded: a secret may hold &, + or %", () => {
    const fields = blocks.flatMap(({ text, where }) =>
      [...text.matchAll(/(--data\S*|-d)[ =]["']?([\w.]+)=/g)].map(([, option, name]) => ({ where, option, name })),
    );
    const secrets = fields.filter(({ name }) => /secret|password|token|code$/.test(name ?? ""));
    expect(secrets.length).toBeGreaterThan(1);
    expect(secrets.filter(({ option }) => option !== "--data-urlencode")).toEqual([]);
    // What is fixed and needs no encoding stays short.
    expect(fields.map(({ option, name }) => `${option} ${name}`)).toContain("--data grant_type");
  });

  it.each(of("yaml"))("is a valid configuration at $where", async ({ where, text }) => {
    const folder = temporaryFolder();
    writeFiles(folder, { "config.yaml": text });
    const steps = where.startsWith("docs/custom-steps.md") ? ["--steps", resolve("examples/custom-step/step.mjs")] : [];
    const { status, stderr } = await runCli(["validate", "--no-env", ...steps, "config.yaml"], { cwd: folder });
    // A part of a configuration may refer to what its other parts declare: that is a note.
    expect({ status, diagnostics: stderr.match(/: (?:error|refusal|warning): .*/g) }).toEqual({
      status: 0,
      diagnostics: null,
    });
  });

  it.each(of("yaml access-tests"))("is a valid file of access tests at $where", ({ text }) => {
    const schema = JSON.parse(readFileSync("schemas/vtb-setup-access-tests.schema.json", "utf8"));
    const accepts = new Ajv({ allowUnionTypes: true }).compile(schema);
    expect(accepts(parse(text)), JSON.stringify(accepts.errors)).toBe(true);
  });

  // A part is valid only with another file, or has a mistake that the text is about.
  it.each([...of("yaml kubernetes"), ...of("yaml part")])("is YAML at $where", ({ text }) => {
    expect(parse(text)).toBeTypeOf("object");
  });

  it("has TypeScript that fits the package's types", () => {
    mkdirSync("node_modules/.cache", { recursive: true });
    const folder = mkdtempSync("node_modules/.cache/docs-");
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const root = "../../..";
    writeFiles(folder, {
      "tsconfig.json": JSON.stringify({
        extends: `${root}/tsconfig.json`,
        compilerOptions: {
          // An example may show a value without using it.
          noUnusedLocals: false,
          types: ["node"],
          paths: Object.fromEntries(entries.map(({ specifier, source }) => [specifier, [`${root}/${source}`]])),
        },
        include: ["*.ts"],
      }),
      ...Object.fromEntries(of("ts").map(({ where, text }) => [`${where.replace(/[/:]/g, "-")}.ts`, text])),
    });
    const { stdout } = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", folder], {
      encoding: "utf8",
    });
    // What the sources themselves get wrong is for their own check.
    expect(stdout.split("\n").filter((line) => line.includes(join(folder, "")))).toEqual([]);
  }, 60_000);

  it.each(documents)("is linked to from %s by paths that are there", (file) => {
    const links = [...readDocument(file).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = ""]) => path);
    expect(links.filter((path) => !existsSync(join(dirname(file), path)))).toEqual([]);
  });
});
