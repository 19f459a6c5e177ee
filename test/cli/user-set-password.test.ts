import { spawn } from "node:child_process";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { verifyPassword } from "../../src/secrets/password.js";
import { Secret } from "../../src/secrets/secret.js";
import { writeFiles } from "../support/cli.js";
import { databaseEnv } from "../support/databases.js";
import { users } from "./outcome.js";
import { placeWith } from "./token-place.js";

const right = "een heel ander woord 0815";

async function place() {
  const { command, kysely, ...others } = await placeWith(users("username: jan", "username: els, is_superuser: true"));
  return {
    ...others,
    set: (args: readonly string[], input?: string) =>
      command(["user", "set-password", "jan", ...args], input === undefined ? {} : { input }),
    accepts: async (text: string) => {
      const row = await kysely
        .selectFrom("users")
        .select("password_hash")
        .where("username", "=", "jan")
        .executeTakeFirst();
      return (await verifyPassword(new Secret(text), row?.password_hash ?? null)) === "right";
    },
  };
}

describe("user set-password", () => {
  it.each([
    ["with one line break", `${right}\n`],
    ["without", right],
    ["with a Windows line break", `${right}\r\n`],
  ])("reads standard input %s", async (_how, input) => {
    const { set, accepts } = await place();
    expect(await set(["--password-stdin"], input)).toMatchObject({
      status: 0,
      stdout: "  jan\nPassword set: 1 user.\n",
    });
    expect(await accepts(right)).toBe(true);
  });

  it("reads a file, with a warning where others can read it, and none where they can't", async () => {
    const { folder, set, accepts } = await place();
    writeFiles(folder, { "password.txt": `${right}\n` });
    chmodSync(join(folder, "password.txt"), 0o644);
    const open = await set(["--password-file", "password.txt"]);
    expect(open).toMatchObject({ status: 0, stderr: expect.stringContaining("[SECRET_FILE_MODE]") });
    chmodSync(join(folder, "password.txt"), 0o600);
    expect(await set(["--password-file", "password.txt"])).toMatchObject({ status: 0, stderr: "" });
    expect(await accepts(right)).toBe(true);
  });

  it.each([
    ["an empty one", "\n", "INVALID_VALUE", "the password is empty"],
    ["two lines", `${right}\n${right}`, "INVALID_VALUE", "the password contains a line feed"],
    ["one that sign-in does not accept", "aB3 ".repeat(257), "INVALID_VALUE", "longer than 1024 characters"],
    ["a short one", "kort-12", "WEAK_PASSWORD", "shorter than 8 characters"],
    ["a well-known example", "password", "WEAK_PASSWORD", "a well-known example"],
  ])("refuses %s and changes nothing", async (_what, input, code, message) => {
    const { set, contents } = await place();
    const before = await contents();
    const { status, stdout, stderr } = await set(["--password-stdin"], input);
    expect({ status, stdout }).toEqual({ status: 4, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).toContain(`[${code}]`);
    expect(await contents()).toBe(before);
  });

  it("accepts one of the greatest and of the least length", async () => {
    const { set, accepts } = await place();
    for (const text of ["aB3 ".repeat(256), "aB3 %x-9"]) {
      expect(await set(["--password-stdin"], text)).toMatchObject({ status: 0 });
      expect(await accepts(text)).toBe(true);
    }
  });

  it("takes neither an argument nor two sources, needs a source without a terminal, and names a file that is not there", async () => {
    const { set, contents } = await place();
    const before = await contents();
    expect(await set([right])).toMatchObject({ status: 64 });
    expect(await set(["--password-stdin", "--password-file", "x"], right)).toMatchObject({ status: 64 });
    expect(await set([], right)).toMatchObject({ status: 64 });
    const missing = await set(["--password-file", "nowhere"]);
    expect(missing).toMatchObject({ status: 4, stderr: expect.stringContaining("[SECRET_FILE]") });
    expect(await contents()).toBe(before);
  });
});

const program = fileURLToPath(new URL("../../bin/vtb-setup.js", import.meta.url));

/** The command on its own terminal, which gets each answer once its question is there. */
async function onTerminal(folder: string, answers: readonly (readonly [question: string, answer: string])[]) {
  const line = `${process.execPath} ${program} user set-password jan`;
  const { PATH = "", HOME = "" } = process.env;
  const env = databaseEnv(folder, { PATH, HOME, NO_COLOR: "1", SHELL: "/bin/sh" });
  const child = spawn("script", ["--quiet", "--return", "--command", line, "/dev/null"], { cwd: folder, env });
  onTestFinished(() => void child.kill("SIGKILL"));
  let screen = "";
  const left = [...answers];
  child.stdout.on("data", (piece: Buffer) => {
    screen += piece.toString();
    const [next] = left;
    if (!next || !screen.includes(next[0])) return;
    left.shift();
    child.stdin.write(next[1]);
  });
  const status = await new Promise((resolve) => child.once("close", resolve));
  return { status, screen };
}

// On both databases it is the same terminal.
describe.runIf(inject("dialect") === "sqlite")("user set-password on a terminal", () => {
  it("asks twice, and shows nothing of what is typed", async () => {
    const { folder, accepts } = await place();
    const { status, screen } = await onTerminal(folder, [
      ["New password: ", `${right}\r`],
      ["The same again: ", `${right}\r`],
    ]);
    expect({ status, screen }).toMatchObject({ status: 0, screen: expect.stringContaining("Password set: 1 user.") });
    expect(screen).not.toContain(right);
    expect(await accepts(right)).toBe(true);
  });

  it("refuses two that differ", async () => {
    const { folder, contents } = await place();
    const before = await contents();
    const { status, screen } = await onTerminal(folder, [
      ["New password: ", `${right}\r`],
      ["The same again: ", `${right}!\r`],
    ]);
    expect({ status, screen }).toMatchObject({ status: 4, screen: expect.stringContaining("[INVALID_VALUE]") });
    expect(screen).not.toContain(right);
    expect(await contents()).toBe(before);
  });

  it("ends at Ctrl+C with the status of the signal", async () => {
    const { folder, contents } = await place();
    const before = await contents();
    expect(await onTerminal(folder, [["New password: ", "een half\u0003"]])).toMatchObject({ status: 130 });
    expect(await contents()).toBe(before);
  });
});
