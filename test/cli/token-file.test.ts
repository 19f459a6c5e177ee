import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createTokenFile } from "../../src/cli/token-file.js";
import { tokenFormatOf } from "../../src/cli/token-format.js";
import { SetupError } from "../../src/errors.js";
import { Secret } from "../../src/secrets/secret.js";
import { temporaryFolder } from "../support/run.js";

const token = (value: string, key = "ci") => [{ kind: "api_token", key, value: new Secret(value) }];
const read = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));

function place() {
  const folder = temporaryFolder();
  const path = join(folder, "tokens.json");
  return { folder, path, file: createTokenFile(path) };
}

describe("the file for generated tokens", () => {
  it.each(["json", "dotenv", "kubernetes-secret"] as const)(
    "keeps the only copy of every token in %s, whatever its identifier means elsewhere",
    (tokensFormat) => {
      const { path } = place();
      const format = tokenFormatOf({ tokensFormat, secretName: undefined, secretNamespace: undefined });
      const names = ["__proto__", "constructor", "toString", "2", "1", "-x"];
      for (const name of names) {
        const file = createTokenFile(path, format);
        file.write(`run-${name}`, token(`value${name}`, name));
        file.publish();
      }
      expect([...createTokenFile(path, format).identifiers()].sort()).toEqual([...names].sort());
      for (const name of names) expect(readFileSync(path, "utf8")).toContain(`value${name}`);
    },
  );

  it("holds the tokens of the last try, where a database requires that the transaction is repeated", () => {
    const { folder, path, file } = place();
    file.write("run", token("first"));
    file.write("run", token("second"));
    file.publish();
    expect(read(path)).toEqual({ ci: "second" });
    expect(readdirSync(folder)).toEqual(["tokens.json"]);
  });

  it("F22: is not there before the commit, and its draft goes when there is none", () => {
    const { folder, path, file } = place();
    file.write("run", token("first"));
    expect(existsSync(path)).toBe(false);
    file.discard();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("F45: is added to, whole and with mode 0600, and a token's newer value replaces the older one", () => {
    const { folder, path, file } = place();
    file.write("one", [...token("first"), ...token("kept", "cd")]);
    file.publish();
    const next = createTokenFile(path);
    next.write("two", [...token("second"), ...token("third", "zaak")]);
    expect(read(path)).toEqual({ ci: "first", cd: "kept" });
    next.publish();
    expect(read(path)).toEqual({ ci: "second", cd: "kept", zaak: "third" });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect([...next.identifiers()]).toEqual(["ci", "cd", "zaak"]);
    expect(readdirSync(folder)).toEqual(["tokens.json"]);
  });

  it.each([
    ["that others may read", "{}", 0o644],
    ["that holds something else", "[]", 0o600],
    ["that is no JSON", "x", 0o600],
  ])("F45: never replaces or deletes one %s", (_what, text, mode) => {
    const { path, file } = place();
    writeFileSync(path, text);
    chmodSync(path, mode);
    expect(() => file.requirePlace()).toThrow("already exists, and vtb-setup did not create it [OUTPUT_FILE]");
    expect(() => file.write("run", token("first"))).toThrow("[OUTPUT_FILE]");
    file.discard();
    expect(readFileSync(path, "utf8")).toBe(text);
  });

  it("F45: is added to where a cluster gave the volume and its content to a group, and in no other case where a group can read it", () => {
    const { folder, path, file } = place();
    file.write("one", token("first"));
    file.publish();
    const next = (run: string) => createTokenFile(path).write(run, token("second", "cd"));
    // As the kubelet leaves a volume with an fsGroup at each mount.
    chmodSync(path, 0o660);
    for (const mode of [0o770, 0o2750, 0o3777]) {
      chmodSync(folder, mode);
      expect(() => next("refused"), mode.toString(8)).toThrow("[OUTPUT_FILE]");
    }
    chmodSync(folder, 0o2770);
    chmodSync(path, 0o664);
    expect(() => next("refused")).toThrow("[OUTPUT_FILE]");
    chmodSync(path, 0o660);
    next("killed");
    for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o660);
    expect(file.hasDrafts()).toBe(true);
    const more = createTokenFile(path);
    more.write("two", token("third", "zaak"));
    more.publish();
    expect(read(path)).toEqual({ ci: "first", zaak: "third" });
  });

  it("F22: is settled from the drafts that killed runs left: those that were committed count", async () => {
    const { folder, path, file } = place();
    for (const run of ["done", "undone"]) createTokenFile(path).write(run, token(run, run));
    // Not one of our files, whatever its name.
    writeFileSync(join(folder, "tokens.json.other.uncommitted"), "{}", { mode: 0o644 });
    expect(file.hasDrafts()).toBe(true);
    await file.settleDrafts(async (run) => run === "done");
    expect(read(path)).toEqual({ done: "done" });
    expect(readdirSync(folder).sort()).toEqual(["tokens.json", "tokens.json.other.uncommitted"]);
    expect(file.hasDrafts()).toBe(false);
  });

  it("F22: may be settled by another run between the commit and its end", async () => {
    const { path, file } = place();
    file.write("run", token("first"));
    await createTokenFile(path).settleDrafts(async () => true);
    file.publish();
    expect(read(path)).toEqual({ ci: "first" });
  });

  it("F21: that is in the way after the commit is left alone, and the report says where the tokens are", () => {
    const { folder, path, file } = place();
    file.write("run", token("first"));
    writeFileSync(path, "mine");
    const { diagnostics } = failureOf(() => file.publish());
    expect(diagnostics).toMatchObject([
      { code: "CHANGES_MADE", message: expect.stringContaining("; the generated tokens are in ") },
    ]);
    expect(diagnostics[0]?.hint).not.toContain("ci");
    expect(readFileSync(path, "utf8")).toBe("mine");
    const [draft = ""] = readdirSync(folder).filter((name) => name.endsWith(".uncommitted"));
    expect(read(join(folder, draft))).toEqual({ ci: "first" });
  });

  it("F21: that cannot be written after the commit loses the tokens, and the report names them", () => {
    const { folder, file } = place();
    file.write("run", token("first"));
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    expect(failureOf(() => file.publish()).diagnostics).toMatchObject([
      { code: "CHANGES_MADE", hint: expect.stringMatching(/again.*: ci$/) },
    ]);
  });
});

function failureOf(work: () => void): SetupError {
  try {
    work();
  } catch (error) {
    if (error instanceof SetupError) return error;
    throw error;
  }
  throw new Error("expected a failure");
}
