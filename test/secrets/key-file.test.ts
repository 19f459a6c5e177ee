import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadKeys } from "../../src/secrets/key.js";
import { problemOf, written } from "./refused-key.js";

let folder: string;
let keyFile: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vtb-key-"));
  keyFile = join(folder, "auth.db.key");
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("loadKeys from a file beside the database", () => {
  it("S70 creates one on first use, mode 0600 whatever the umask, and finds it from then on", () => {
    const umask = process.umask(0o277);
    const made = loadKeys({ env: {}, keyFile, mode: "write" });
    process.umask(umask);
    expect(made).toMatchObject({ source: "made", file: keyFile, loose: false });
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect(readFileSync(keyFile, "latin1")).toMatch(/^[A-Za-z0-9+/]{43}=\n$/);
    expect(readdirSync(folder)).toEqual(["auth.db.key"]);
    const again = { keys: made?.keys, source: "file", file: keyFile, loose: false };
    expect(loadKeys({ env: {}, keyFile, mode: "write" })).toEqual(again);
    expect(loadKeys({ env: {}, keyFile, mode: "read" })).toEqual(again);
  });

  it("generates another key each time", () => {
    const other = join(folder, "other.db.key");
    expect(loadKeys({ env: {}, keyFile, mode: "write" })?.keys).not.toEqual(
      loadKeys({ env: {}, keyFile: other, mode: "write" })?.keys,
    );
  });

  it("creates none in mode read", () => {
    expect(loadKeys({ env: {}, keyFile, mode: "read" })).toBeUndefined();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("S70 gives processes that create it at the same moment the same key", async () => {
    const script = join(folder, "load.mjs");
    await build({
      stdin: {
        contents: `import { loadKeys } from "./src/secrets/key.js";
          process.on("message", (keyFile) => {
            const { keys, source } = loadKeys({ env: {}, keyFile, mode: "write" });
            process.send({ key: keys[0].toString("hex"), source });
          });
          process.send("ready");`,
        resolveDir: process.cwd(),
      },
      bundle: true,
      platform: "node",
      format: "esm",
      outfile: script,
    });
    const children = Array.from({ length: 6 }, () => fork(script));
    const ended = Promise.race(
      children.map((child) => once(child, "exit").then(() => Promise.reject(new Error("a process ended early")))),
    );
    ended.catch(() => undefined);
    const answers = () => {
      const messages = Promise.all(children.map(async (child): Promise<unknown> => (await once(child, "message"))[0]));
      return Promise.race([messages, ended]);
    };
    try {
      await answers();
      for (let round = 0; round < 20; round += 1) {
        const file = join(folder, `${round}.key`);
        const answered = answers();
        for (const child of children) child.send(file);
        const loaded = await answered;
        const stored = Buffer.from(readFileSync(file, "latin1"), "base64").toString("hex");
        const sources = ["file", "file", "file", "file", "file", "made"];
        const expected = sources.map((source) => JSON.stringify({ key: stored, source }));
        expect(loaded.map((answer) => JSON.stringify(answer)).sort()).toEqual(expected);
      }
      expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    } finally {
      for (const child of children) child.kill();
    }
  });

  it.each([0o644, 0o604])("reports that others can read a file of mode %o", (mode) => {
    writeFileSync(keyFile, written);
    chmodSync(keyFile, mode);
    expect(loadKeys({ env: {}, keyFile, mode: "read" })?.loose).toBe(true);
  });

  it.each([0o600, 0o400, 0o640, 0o440])("is content with a file of mode %o", (mode) => {
    writeFileSync(keyFile, written);
    chmodSync(keyFile, mode);
    expect(loadKeys({ env: {}, keyFile, mode: "read" })?.loose).toBe(false);
  });

  it.each(["read", "write"] as const)("refuses a file that holds no key and leaves it alone, in mode %s", (mode) => {
    writeFileSync(keyFile, "canary");
    const problem = problemOf(() => loadKeys({ env: {}, keyFile, mode }));
    expect(problem?.message).toBe(
      `the key file ${keyFile} does not contain a key: expected 32 bytes as base64, base64url or 64 hexadecimal digits`,
    );
    expect(readFileSync(keyFile, "utf8")).toBe("canary");
  });

  it("refuses an empty file", () => {
    writeFileSync(keyFile, "");
    expect(problemOf(() => loadKeys({ env: {}, keyFile, mode: "write" }))?.code).toBe("KEY_INVALID");
  });

  it.each([
    ["a FIFO", (file: string) => execFileSync("sh", ["-c", 'mkfifo "$1"', "sh", file])],
    ["a device", (file: string) => symlinkSync("/dev/zero", file)],
  ])("refuses %s", (_name, make) => {
    make(keyFile);
    expect(problemOf(() => loadKeys({ env: {}, keyFile, mode: "write" }))).toMatchObject({
      code: "KEY_INVALID",
      message: `the key file ${keyFile} is not a regular file`,
    });
  });

  it("refuses a file larger than 4 KiB", () => {
    writeFileSync(keyFile, "x".repeat(4097));
    expect(problemOf(() => loadKeys({ env: {}, keyFile, mode: "read" }))).toMatchObject({
      code: "KEY_INVALID",
      message: `the key file ${keyFile} is larger than 4 KiB`,
    });
    writeFileSync(keyFile, "x".repeat(4096));
    expect(problemOf(() => loadKeys({ env: {}, keyFile, mode: "read" }))?.message).toContain("does not contain a key");
  });

  it("refuses a link to nothing, and does not write through it", () => {
    symlinkSync(join(folder, "elsewhere"), keyFile);
    expect(problemOf(() => loadKeys({ env: {}, keyFile, mode: "write" }))).toMatchObject({
      code: "KEY_INVALID",
      message: `the key file ${keyFile} is a link to a file that does not exist`,
    });
    expect(readdirSync(folder)).toEqual(["auth.db.key"]);
  });

  it("says why a file cannot be read or created", () => {
    const inFile = join(keyFile, "auth.db.key");
    const inNothing = join(folder, "missing", "auth.db.key");
    writeFileSync(keyFile, written);
    expect(problemOf(() => loadKeys({ env: {}, keyFile: inFile, mode: "write" }), "refused")).toMatchObject({
      code: "FILE_DENIED",
      message: `the key file ${inFile} can't be read: ${keyFile} is a file, not a folder`,
    });
    expect(problemOf(() => loadKeys({ env: {}, keyFile: inNothing, mode: "write" }), "refused")).toMatchObject({
      code: "FILE_DENIED",
      message: `the key file ${inNothing} can't be written: the folder ${join(folder, "missing")} does not exist`,
    });
    mkdirSync(inNothing, { recursive: true });
    const asFolder = problemOf(
      () => loadKeys({ env: { VTB_SETUP_KEY_FILE: inNothing }, keyFile, mode: "read" }),
      "refused",
    );
    expect(asFolder).toMatchObject({ code: "FILE_DENIED", message: `the key file ${inNothing} is a folder` });
    expect(asFolder?.hint).toContain("Docker creates a folder");
  });
});
