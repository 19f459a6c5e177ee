import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadKeys } from "../../src/secrets/key.js";
import { key, problemOf, written } from "./refused-key.js";

let folder: string;
let keyFile: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vtb-key-"));
  keyFile = join(folder, "auth.db.key");
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("loadKeys from the environment", () => {
  it("S70 uses VTB_SETUP_KEY, and reads no file", () => {
    writeFileSync(keyFile, "not a key");
    expect(loadKeys({ env: { VTB_SETUP_KEY: written }, keyFile, mode: "write" })).toEqual({
      keys: [key],
      source: "env",
    });
  });

  it("S70 uses the file that VTB_SETUP_KEY_FILE names rather than the one beside the database", () => {
    const named = join(folder, "named");
    writeFileSync(named, `${written}\n`, { mode: 0o600 });
    writeFileSync(keyFile, randomBytes(32).toString("hex"), { mode: 0o600 });
    expect(loadKeys({ env: { VTB_SETUP_KEY_FILE: named }, keyFile, mode: "read" })).toEqual({
      keys: [key],
      source: "file",
      file: named,
      loose: false,
    });
  });

  it("follows a link, as Kubernetes mounts secrets", () => {
    writeFileSync(join(folder, "data"), written, { mode: 0o600 });
    symlinkSync("data", join(folder, "key"));
    const loaded = loadKeys({ env: { VTB_SETUP_KEY_FILE: join(folder, "key") }, keyFile: undefined, mode: "read" });
    expect(loaded?.keys).toEqual([key]);
  });

  it("counts an empty variable as unset", () => {
    const env = { VTB_SETUP_KEY: "", VTB_SETUP_KEY_FILE: "" };
    expect(loadKeys({ env, keyFile, mode: "read" })).toBeUndefined();
    expect(loadKeys({ env: { ...env, VTB_SETUP_KEY: written }, keyFile, mode: "read" })?.source).toBe("env");
  });

  it("refuses both variables at once", () => {
    const env = { VTB_SETUP_KEY: written, VTB_SETUP_KEY_FILE: keyFile };
    expect(problemOf(() => loadKeys({ env, keyFile: undefined, mode: "read" }))).toMatchObject({
      code: "KEY_INVALID",
      message: "VTB_SETUP_KEY and VTB_SETUP_KEY_FILE are both set",
      hint: "unset one of them",
    });
  });

  it("names the variable that holds no key", () => {
    expect(problemOf(() => loadKeys({ env: { VTB_SETUP_KEY: "canary" }, keyFile, mode: "write" }))).toMatchObject({
      code: "KEY_INVALID",
      message: "VTB_SETUP_KEY does not contain a key: expected 32 bytes as base64, base64url or 64 hexadecimal digits",
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each(["read", "write"] as const)(
    "rejects a VTB_SETUP_KEY_FILE that does not exist, and does not create it, in mode %s",
    (mode) => {
      const named = join(folder, "missing");
      const problem = problemOf(() => loadKeys({ env: { VTB_SETUP_KEY_FILE: named }, keyFile, mode }));
      expect(problem).toMatchObject({
        code: "KEY_INVALID",
        message: `the key file ${named} that VTB_SETUP_KEY_FILE names does not exist`,
      });
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it.each(["read", "write"] as const)(
    "requires VTB_SETUP_KEY where no file can lie beside the database, in mode %s",
    (mode) => {
      expect(problemOf(() => loadKeys({ env: {}, keyFile: undefined, mode }))).toMatchObject({
        code: "KEY_INVALID",
        message: "there is no sealing key: VTB_SETUP_KEY is not set",
      });
    },
  );
});
