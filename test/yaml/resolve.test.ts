import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ScalarNode } from "../../src/yaml/node.js";
import { type ResolveContext, resolveValues } from "../../src/yaml/resolve.js";
import { makePipe, parsed, plain, summary } from "./support.js";

const bare: ResolveContext = { env: {}, noEnv: false, cwd: tmpdir() };

function resolve(text: string, context: Partial<ResolveContext> = {}) {
  const { node, diagnostics } = resolveValues(parsed(text).root, "", { ...bare, ...context });
  return { value: plain(node), diagnostics, node };
}

/** The diagnostics of a rejected value: codes and positions, after checking that the value is not in them. */
function refused(reference: string, context: Partial<ResolveContext> = {}) {
  const { value, diagnostics } = resolve(`a: ${reference}\n`, context);
  expect(value).toEqual({ a: "<unresolved>" });
  return diagnostics;
}

describe("env", () => {
  it("A4.23 uses the variable's text, also nested and in lists", () => {
    const text = "a: {value_from: {env: X}}\nb: [{value_from: {env: X}}, {c: {d: {value_from: {env: Y}}}}]\n";
    const { value, diagnostics, node } = resolve(text, { env: { X: "1e5", Y: "  spaced  " } });
    expect(diagnostics).toEqual([]);
    expect(value).toEqual({ a: "1e5", b: ["1e5", { c: { d: "  spaced  " } }] });
    const scalar = (node?.kind === "mapping" && node.entries.get("a")?.value) as ScalarNode;
    expect(scalar.plain).toBe(false);
    expect(scalar.range.position).toEqual({ file: "config.yaml", line: 1, column: 4 });
  });

  it("leaves nodes without a reference the same", () => {
    const { root } = parsed("a: {b: [1, 2]}\n");
    expect(resolveValues(root, "", bare).node).toBe(root);
  });

  it("A4.24 I4 reports every variable that is not set, each with its position, path and field", () => {
    const { diagnostics, value } = resolve(
      "a:\n  token: {value_from: {env: MISSING}}\n  l: [{value_from: {env: OTHER}}]\n",
    );
    expect(summary(diagnostics)).toEqual(["ENV_NOT_SET 2:29", "ENV_NOT_SET 3:26"]);
    expect(diagnostics.map(({ path }) => path)).toEqual(["a.token", "a.l.0"]);
    expect(diagnostics[0]?.message).toBe("the environment variable MISSING for `token` is not set");
    expect(diagnostics[1]?.message).toBe("the environment variable OTHER for `l[0]` is not set");
    expect(diagnostics[0]?.hint).toContain("export MISSING");
    expect(value).toEqual({ a: { token: "<unresolved>", l: ["<unresolved>"] } });
  });

  it("I7 counts an empty variable as not set, and one of spaces as set", () => {
    const [diagnostic] = refused("{value_from: {env: X}}", { env: { X: "" } });
    expect(diagnostic).toMatchObject({ code: "ENV_NOT_SET" });
    expect(diagnostic?.message).toContain("is empty, which counts as not set");
    expect(resolve("a: {value_from: {env: X, default: d}}\n", { env: { X: "" } }).value).toEqual({ a: "d" });
    expect(resolve("a: {value_from: {env: X}}\n", { env: { X: " " } }).value).toEqual({ a: " " });
  });

  it("does not treat what every object has as a variable", () => {
    expect(refused("{value_from: {env: constructor}}")[0]?.code).toBe("ENV_NOT_SET");
  });

  it("accepts what is not set with noEnv, and reports nothing", () => {
    const text =
      "a: {value_from: {env: X}}\nb: {value_from: {env: X, required: false}}\nc: {value_from: {file: /no/where}}\n";
    const { value, diagnostics } = resolve(text, { noEnv: true });
    expect(diagnostics).toEqual([]);
    expect(value).toEqual({ a: "<unresolved>", b: "<unresolved>", c: "<unresolved>" });
    expect(resolve("a: {value_from: {env: X, default: d}}\n", { noEnv: true }).value).toEqual({ a: "d" });
  });

  it("resolves and reports what aliases share once", () => {
    const { diagnostics, value } = resolve("a: &x {t: {value_from: {env: X}}}\nb: *x\nc: [*x, *x]\n");
    expect(summary(diagnostics)).toEqual(["ENV_NOT_SET 1:30"]);
    expect(value).toMatchObject({ b: { t: "<unresolved>" } });
  });
});

describe("default and required", () => {
  it("A4.27 uses the default as it is, null too", () => {
    const text =
      "a: {value_from: {env: X, default: d}}\nb: {value_from: {env: X, default: null}}\nc: {value_from: {env: X, default: [1, {e: 2}]}}\n";
    expect(resolve(text).value).toEqual({ a: "d", b: null, c: ["1", { e: "2" }] });
  });

  it("A4.28 removes what is not required: not the same as null", () => {
    const text = "a: {value_from: {env: X, required: false}}\nb: {value_from: {env: X, default: null}}\n";
    const { value, diagnostics } = resolve(text);
    expect(value).toEqual({ b: null });
    expect(diagnostics).toEqual([]);
  });

  it("A4.29 prefers a variable that is set to default and required: false", () => {
    const text = "a: {value_from: {env: X, default: d}}\nb: {value_from: {env: X, required: false}}\n";
    expect(resolve(text, { env: { X: "x" } }).value).toEqual({ a: "x", b: "x" });
  });

  it.each(["false", "true"])("A4.30 refuses required: %s together with default", (required) => {
    const diagnostics = refused(`{value_from: {env: X, required: ${required}, default: d}}`, { env: { X: "x" } });
    expect(summary(diagnostics)).toEqual(["VALUE_FROM_INVALID 1:26"]);
    expect(diagnostics[0]?.message).toBe("`required` and `default` can't be combined in `value_from`");
  });

  it("A4.31 keeps all items of a list whose keys are left out, set, left out and defaulted", () => {
    const item = (rest: string) => `  - {n: 1, v: {value_from: {${rest}}}}\n`;
    const text = `l:\n${item("env: X, required: false")}${item("env: SET")}${item("env: Y, required: 'no'")}${item("env: Y, default: d")}`;
    expect(resolve(text, { env: { SET: "s" } }).value).toEqual({
      l: [{ n: "1" }, { n: "1", v: "s" }, { n: "1" }, { n: "1", v: "d" }],
    });
  });

  it("removes a list element, and the node itself", () => {
    expect(resolve("l: [a, {value_from: {env: X, required: off}}, b]\n").value).toEqual({ l: ["a", "b"] });
    expect(resolve("value_from: {env: X, required: false}\n").node).toBeUndefined();
  });

  it("refuses a reference inside of a default", () => {
    const diagnostics = refused("{value_from: {env: X, default: [{value_from: {env: Y}}]}}", { env: { X: "x" } });
    expect(summary(diagnostics)).toEqual(["VALUE_FROM_INVALID 1:37"]);
  });
});

describe("malformed references", () => {
  it.each([
    ["A4.25 has neither env nor file", "{value_from: {default: x}}", "1:5", "neither `env` nor `file`"],
    ["A4.26 is a text", "{value_from: text}", "1:17", "must be a mapping"],
    ["is null", "{value_from: }", "1:17", "must be a mapping"],
    ["is a list", "{value_from: [env]}", "1:17", "must be a mapping"],
    ["has both env and file", "{value_from: {env: X, file: /x}}", "1:26", "both `env` and `file`"],
    ["has an empty name", "{value_from: {env: ''}}", "1:23", "expected the name of an environment variable"],
    ["has a number for a name", "{value_from: {env: 123}}", "1:23", "expected the name of an environment variable"],
    ["has a null name", "{value_from: {env: ~}}", "1:23", "expected the name of an environment variable"],
    ["has a mapping for a name", "{value_from: {env: {a: b}}}", "1:23", "expected the name of an environment variable"],
    ["has an empty path", "{value_from: {file: ''}}", "1:24", "expected the path of a file"],
    ["has a flag that is none", "{value_from: {env: X, required: maybe}}", "1:36", "expected true or false"],
  ])("refuses one that %s", (_, reference, range, message) => {
    const diagnostics = refused(reference, { env: { X: "x" } });
    expect(summary(diagnostics)).toEqual([`VALUE_FROM_INVALID ${range}`]);
    expect(diagnostics[0]?.message).toContain(message);
    expect(diagnostics[0]?.path).toBe("a");
  });

  it("refuses unknown keys inside, with the nearest spelling, and beside", () => {
    const inside = refused("{value_from: {env: X, defualt: d}}", { env: { X: "x" } });
    expect(summary(inside)).toEqual(["VALUE_FROM_INVALID 1:26"]);
    expect(inside[0]?.hint).toBe("did you mean default?");
    const beside = refused("{value_from: {env: X}, default: d}", { env: { X: "x" } });
    expect(summary(beside)).toEqual(["VALUE_FROM_INVALID 1:27"]);
    expect(beside[0]?.hint).toBe("move default into value_from");
  });

  it("reports everything that is wrong with one", () => {
    expect(refused("{value_from: {envv: X, required: x}, junk: 1}")).toHaveLength(4);
  });

  it("F73: refuses value_from and what is in it in other letters' case", () => {
    for (const spelling of ["VALUE_FROM: {env: X}", "Value_From: {ENV: X}", "ValueFrom: {File: /x}"]) {
      expect(refused(`{${spelling}}`)[0]?.hint).toBe("did you mean value_from?");
    }
    expect(refused("{value_from: {ENV: X}}")[0]?.hint).toBe("did you mean env?");
    expect(resolve("a: {VALUE: {ENV: X}}\nb: {VALUE_FROM: text}\n").diagnostics).toEqual([]);
  });

  it("refuses the spelling valueFrom, but not a mapping that only looks a little like it", () => {
    expect(refused("{valueFrom: {env: X}}")[0]?.hint).toBe("did you mean value_from?");
    expect(resolve("a: {valueFrom: text}\nb: {values: {env: X}}\n").diagnostics).toEqual([]);
  });

  it("never shows a secret that was written where a name belongs", () => {
    expect(JSON.stringify(refused("{value_from: {env: 'p@ss hunter2'}}"))).not.toContain("hunter2");
  });
});

describe("file", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "vtb-secret-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, content: string | Buffer, mode = 0o600) => {
    writeFileSync(join(folder, name), content);
    chmodSync(join(folder, name), mode);
    return name;
  };
  const from = (name: string, context: Partial<ResolveContext> = {}) =>
    resolve(`a: {value_from: {file: ${name}}}\n`, { cwd: folder, ...context });

  it.each([
    ["secret\n", "secret"],
    ["secret\r\n", "secret"],
    ["secret\n\n", "secret\n"],
    [" secret ", " secret "],
    ["two\nlines", "two\nlines"],
  ])("reads %j without one line break at its end", (content, value) => {
    expect(from(write("s", content))).toMatchObject({ value: { a: value }, diagnostics: [] });
  });

  it("reads absolute paths and those relative to the working directory", () => {
    write("s", "x");
    expect(from(join(folder, "s"), { cwd: "/" }).value).toEqual({ a: "x" });
    expect(from("./s").value).toEqual({ a: "x" });
  });

  it.each([
    ["missing", "does not exist"],
    ["empty", "is empty"],
    ["blank", "is empty"],
  ])("accepts default and required: false for a file that is %s, and rejects it otherwise", (name, message) => {
    write("empty", "");
    write("blank", "\n");
    expect(resolve(`a: {value_from: {file: ${name}, default: d}}\n`, { cwd: folder }).value).toEqual({ a: "d" });
    expect(resolve(`a: {value_from: {file: ${name}, required: false}}\n`, { cwd: folder }).value).toEqual({});
    const { value, diagnostics } = from(name);
    expect(value).toEqual({ a: "<unresolved>" });
    expect(summary(diagnostics)).toEqual(["SECRET_FILE 1:24"]);
    expect(diagnostics[0]?.message).toBe(`the secret's file for \`a\` ${message}`);
  });

  it("S88 warns of a mode wider than 0640", () => {
    for (const mode of [0o644, 0o660, 0o604]) {
      expect(from(write("loose", "x", mode))).toMatchObject({
        value: { a: "x" },
        diagnostics: [{ severity: "warning", code: "SECRET_FILE_MODE" }],
      });
    }
    for (const mode of [0o640, 0o600, 0o400]) expect(from(write(`tight${mode}`, "x", mode)).diagnostics).toEqual([]);
  });

  it("S88 refuses a directory, a device and a pipe, without waiting for the latter", () => {
    makePipe(join(folder, "pipe"));
    expect(from(".").diagnostics).toMatchObject([
      { code: "FILE_DENIED", message: `the secret's file ${folder} is a folder` },
    ]);
    for (const name of ["/dev/null", "pipe"]) {
      const { value, diagnostics } = from(name);
      expect(value).toEqual({ a: "<unresolved>" });
      expect(diagnostics).toMatchObject([{ code: "SECRET_FILE", message: "the secret's file is not a regular file" }]);
    }
  });

  it("S88 refuses more than 64 KiB, and what is not UTF-8", () => {
    expect(from(write("full", "x".repeat(65_536))).diagnostics).toEqual([]);
    expect(from(write("large", "x".repeat(65_537))).diagnostics[0]?.message).toContain("larger than 64 KiB");
    expect(from(write("binary", Buffer.from([0xff, 0xfe]))).diagnostics[0]?.message).toContain("not UTF-8");
  });

  it("S88 refuses to leave the secrets directory, by .. or by a symbolic link", () => {
    mkdirSync(join(folder, "secrets"));
    write("outside", "x");
    write("secrets/inside", "y");
    symlinkSync("inside", join(folder, "secrets/good-link"));
    symlinkSync("../outside", join(folder, "secrets/bad-link"));
    const secretsDir = "secrets";
    for (const name of ["secrets/inside", "secrets/good-link", "secrets/../secrets/inside"]) {
      expect(from(name, { secretsDir })).toMatchObject({ value: { a: "y" }, diagnostics: [] });
    }
    for (const name of ["outside", "secrets/../outside", "secrets/bad-link", "/etc/passwd", "no-such-file"]) {
      const { value, diagnostics } = from(name, { secretsDir });
      expect(value).toEqual({ a: "<unresolved>" });
      expect(diagnostics).toMatchObject([
        { code: "SECRET_FILE", message: "the secret's file is outside of the secrets directory" },
      ]);
    }
    expect(from("secrets/bad-link").value).toEqual({ a: "x" });
  });
});
