import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { apply } from "../../src/apply/apply.js";
import { loadConfig } from "../../src/apply/load.js";
import { loadSqliteDriver } from "../../src/database/sqlite/driver.js";
import { createLogin } from "../../src/login/create-login.js";
import { createVerifier } from "../../src/verifier/create-verifier.js";
import { runCli, writeFiles } from "../support/cli.js";
import { startCli } from "../support/cli-process.js";
import { explicitProvider } from "../support/config-text.js";
import { openFiles } from "../support/open-files.js";
import { runOptions, temporaryFolder } from "../support/run.js";
import { tokensYaml } from "../support/tokens.js";

const program = fileURLToPath(new URL("../../bin/vtb-setup.js", import.meta.url));
const isRoot = process.getuid?.() === 0;
const client = explicitProvider.replace("SECRET", "a-client-secret-for-tests");

/** The users of an init container and of an API, in one group. Without the right to choose, both are this process's user. */
const group = isRoot ? 30_001 : (process.getgid?.() ?? 0);
const init = isRoot ? { uid: 30_101, gid: group } : {};
const api = isRoot ? { uid: 30_102, gid: group } : {};
const stranger = isRoot ? { uid: 30_103, gid: 30_103 } : {};

function modeOf(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8);
}

/** A folder that everyone may read, with files to apply. */
function workplace() {
  const folder = temporaryFolder();
  chmodSync(folder, 0o755);
  writeFiles(folder, { "one.yaml": tokensYaml(2, "one") + client, "two.yaml": tokensYaml(3, "two") + client });
  const data = join(folder, "data");
  mkdirSync(data);
  const run = (args: readonly string[], who: { readonly uid?: number; readonly gid?: number } = {}) =>
    startCli([...args, "--database", `sqlite:${join(data, "auth.db")}`], { cwd: folder, ...who }).ended;
  return { folder, data, database: join(data, "auth.db"), run };
}

describe("F29: a volume with the setgid bit and a group (fsGroup)", () => {
  it("is used by an init container and an API with two users, who share the database, its log and its key", async () => {
    const { data, database, run } = workplace();
    if (isRoot) chownSync(data, 0, group);
    chmodSync(data, 0o2775);
    expect(await run(["apply", "one.yaml"], init)).toMatchObject({
      status: 0,
      stderr: expect.stringContaining("auth.db.key"),
    });
    expect([database, `${database}.key`].map(modeOf)).toEqual(["660", "660"]);
    expect(await run(["apply", "two.yaml"], api)).toMatchObject({ status: 0, stderr: "" });
    // Its log and index, while it is open.
    const open = new (loadSqliteDriver())(database);
    onTestFinished(() => void open.close());
    open.prepare("SELECT count(*) FROM users").get();
    expect([`${database}-wal`, `${database}-shm`].map(modeOf)).toEqual(["660", "660"]);
    for (const name of readdirSync(data)) expect(statSync(join(data, name)).gid, name).toBe(group);
  });

  it("cannot be read by others, and its twin without the bit only by its owner", async () => {
    const { data, database, run } = workplace();
    if (isRoot) chownSync(data, 30_101, group);
    chmodSync(data, 0o755);
    expect((await run(["apply", "one.yaml"], init)).status).toBe(0);
    expect([database, `${database}.key`].map(modeOf)).toEqual(["600", "600"]);
    if (!isRoot) chmodSync(database, 0);
    const refused = await run(["plan", "one.yaml"], stranger);
    const { uid = process.getuid?.(), gid = process.getgid?.() } = stranger;
    expect(refused).toMatchObject({ status: 4, stdout: "" });
    expect(refused.stderr).toMatch(
      new RegExp(
        `can't be read: permission denied on ${database}, which belongs to user \\d+ and group \\d+ and has mode 0[06]00; ` +
          `this process is user ${uid} with the groups .*${gid}.* \\[DATABASE_UNREACHABLE\\]`,
      ),
    );
  });
});

describe("F29: what opening a database meets", () => {
  const tokens = "one.yaml";

  it.each([
    [
      "no folder",
      (folder: string) => rmSync(join(folder, "data"), { recursive: true }),
      /the folder \S+\/data does not exist/,
    ],
    ["a file in the folder's place", replaceByFile, /\S+\/data is a file, not a folder/],
    ["a folder in its place", (folder: string) => mkdirSync(join(folder, "data/auth.db")), /auth\.db is a folder/],
  ] as const)(
    "%s, is reported by its cause with exit status 4, by plan and apply, without waiting",
    async (_, prepare, reported) => {
      const { folder, run } = workplace();
      prepare(folder);
      const before = readdirSync(folder, { recursive: true });
      for (const command of ["plan", "apply"]) {
        const refused = await run([command, tokens, "--wait", "1m"]);
        expect(refused).toMatchObject({ status: 4, stdout: "", stderr: expect.stringMatching(reported) });
        expect(refused.stderr).toContain("[DATABASE_UNREACHABLE]");
        expect(refused.stderr).not.toContain("waiting");
        expect(refused.stderr.includes("Docker creates a folder")).toBe(reported.source.includes("is a folder"));
      }
      expect(readdirSync(folder, { recursive: true })).toEqual(before);
      const url = `sqlite:${join(folder, "data/auth.db")}`;
      await expect(createVerifier({ database: url, env: {} })).rejects.toThrow(reported);
      const login = {
        database: url,
        redirectUri: "https://a.example/cb",
        sessionSecret: randomBytes(32).toString("base64"),
        env: {},
      };
      await expect(createLogin(login)).rejects.toMatchObject({ reason: "refused" });
    },
  );

  it("a folder that it may not write to, is reported with its owner and the user of the process", async () => {
    const { data, run } = workplace();
    if (isRoot) chownSync(data, 30_101, group);
    chmodSync(data, 0o555);
    onTestFinished(() => chmodSync(data, 0o755));
    const refused = await run(["apply", tokens, "--wait", "1m"], isRoot ? stranger : {});
    expect(refused.status).toBe(4);
    expect(refused.stderr).toMatch(
      /can't be written: permission denied on \S+\/data, which belongs to user \d+ and group \d+ and has mode 0555; this process is user \d+ with the groups/,
    );
    expect(readdirSync(data)).toEqual([]);
  });

  it("a lock that stays, is DATABASE_LOCKED and names the volumes without locks", async () => {
    const { database, run } = workplace();
    expect((await run(["apply", tokens])).status).toBe(0);
    const holder = new (loadSqliteDriver())(database);
    onTestFinished(() => void holder.close());
    holder.pragma("locking_mode = EXCLUSIVE");
    holder.exec("BEGIN EXCLUSIVE");
    for (const command of ["plan", "apply"]) {
      const refused = await run([command, "two.yaml"]);
      expect(refused).toMatchObject({ status: 5, stdout: "" });
      expect(refused.stderr).toMatch(/locked by another program \(SQLITE_BUSY\) \[DATABASE_LOCKED\]/);
      expect(refused.stderr).toContain("the volume does not support locks (SMB, NFS): use a local disk or PostgreSQL");
    }
    holder.close();
    expect((await run(["apply", "two.yaml"])).status).toBe(0);
  });
});

describe("F29: a configuration file or a secret's file", () => {
  it("that is a folder, or may not be read, is reported by its cause with exit status 4", async () => {
    const { folder, run } = workplace();
    mkdirSync(join(folder, "missing.yaml"));
    const placed = await run(["plan", "missing.yaml"]);
    expect(placed).toMatchObject({
      status: 4,
      stderr: expect.stringMatching(/is a folder \[FILE_DENIED\]\n {2}fix: .*Docker/),
    });
    const secret = `tokenauth_config_enable: true
tokenauth:
  items: [{identifier: a, token: {value_from: {file: data}}, contact_person: A, email: a@b.nl}]
`;
    writeFiles(folder, { "secret.yaml": secret, "closed.yaml": secret });
    expect(await run(["plan", "secret.yaml"])).toMatchObject({
      status: 4,
      stderr: expect.stringMatching(/the secret's file \S+\/data is a folder \[FILE_DENIED\]/),
    });
    chmodSync(join(folder, "closed.yaml"), 0);
    const closed = await run(["plan", "closed.yaml"], isRoot ? stranger : {});
    expect(closed).toMatchObject({
      status: 4,
      stderr: expect.stringMatching(/permission denied on .* \[FILE_DENIED\]/),
    });
    // Its twins: a folder of files, a file that is not there, and one that is wrong as well.
    expect((await run(["plan", "absent.yaml"])).status).toBe(3);
    writeFiles(folder, { "data/inner.yaml": tokensYaml(1, "one") });
    expect((await run(["plan", "data"])).status).toBe(0);
    writeFiles(folder, { "wrong.yaml": "tokenauth_config_enable: true\ntokenauth: {itmes: []}\n" });
    expect((await run(["plan", "missing.yaml", "wrong.yaml"])).status).toBe(3);
  });
});

describe("F29: temporary files", () => {
  it("are not written by a run with many entries, when it applies and when it prunes", async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { "many.yaml": tokensYaml(600, "many"), "few.yaml": tokensYaml(1, "many") });
    const opened: string[] = [];
    const run = async (file: string, prune: boolean) => {
      const beforeCommit = async () => void opened.push(...openFiles());
      const options = runOptions(`sqlite:${join(folder, "auth.db")}`, {
        prune,
        allow: ["MANY_DELETIONS"],
        beforeCommit,
      });
      return (await apply(await loadConfig([join(folder, file)]), options)).outcome;
    };
    expect(await run("many.yaml", false)).toBe("applied");
    expect(await run("few.yaml", true)).toBe("applied");
    // A statement that may have to be undone keeps its file until the transaction ends.
    expect(opened.length).toBeGreaterThan(0);
    expect(opened.filter((name) => name.includes("etilqs_"))).toEqual([]);
    expect(opened.filter((name) => name.startsWith(folder))).not.toEqual([]);
  });

  it.runIf(isRoot)("need no writable folder but the database's, on a read-only root", async () => {
    const { folder, data } = workplace();
    writeFiles(folder, { "many.yaml": tokensYaml(600, "many"), "few.yaml": tokensYaml(1, "many") });
    const script = `
      set -e
      for mount in /tmp /var/tmp /usr/tmp; do
        if [ -d $mount ]; then mount --bind $mount $mount; mount -o remount,bind,ro $mount; fi
      done
      mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"
      mount -t tmpfs tmpfs "$2"
      cd "$1"
      "$3" "$4" apply many.yaml --database "sqlite:$2/auth.db"
      "$3" "$4" apply few.yaml --prune --owner default --allow MANY_DELETIONS --database "sqlite:$2/auth.db"
      ls "$2"`;
    const { status, output } = await unshared(["sh", "-c", script, "sh", folder, data, process.execPath, program]);
    expect(status, output).toBe(0);
    expect(output).toMatch(/Applied: 600 created[\s\S]*599 deleted[\s\S]*\nauth\.db\n$/);
  });

  it.runIf(isRoot)("and a read-only volume is named as the cause, with exit status 4, without waiting", async () => {
    const { folder, data } = workplace();
    const script = `
      set -e
      mount --bind "$2" "$2"; mount -o remount,bind,ro "$2"
      cd "$1"
      exec "$3" "$4" apply one.yaml --wait 1m --database "sqlite:$2/auth.db"`;
    const { status, output } = await unshared(["sh", "-c", script, "sh", folder, data, process.execPath, program]);
    expect(status, output).toBe(4);
    expect(output).toMatch(/data is on a read-only file system \[DATABASE_UNREACHABLE\]/);
    expect(output).not.toContain("waiting");
  });
});

describe("F29: a run that fails leaves nothing behind", () => {
  it("neither a database with its log, nor a key, nor a file of tokens", async () => {
    const { folder, data, run } = workplace();
    const generated = `tokenauth_config_enable: true
tokenauth:
  items: [{identifier: a, token: {generate: true}, contact_person: A, email: a@b.nl}]
`;
    writeFiles(folder, { "generated.yaml": generated + client });
    // What makes it fail at its very end: the tokens' file gets in the way only then.
    const options = runOptions(`sqlite:${join(data, "auth.db")}`, {
      beforeCommit: () => {
        expect(readdirSync(data)).toContain("auth.db.key");
        return Promise.reject(new Error("no room for the tokens"));
      },
    });
    const configuration = await loadConfig([join(folder, "generated.yaml")]);
    await expect(apply(configuration, options)).rejects.toThrow("no room for the tokens");
    expect(readdirSync(data)).toEqual([]);
    mkdirSync(join(folder, "out"));
    writeFileSync(join(folder, "out/tokens.json"), "{}");
    expect((await run(["apply", "generated.yaml", "--tokens-out", "out/tokens.json"])).status).toBe(4);
    expect(readdirSync(data)).toEqual([]);
    // The twin, and a failure over a database that is there.
    expect((await run(["apply", "generated.yaml", "--tokens-out", "tokens.json"])).status).toBe(0);
    expect(readdirSync(data)).toEqual(["auth.db", "auth.db.key"]);
    writeFiles(folder, { "more.yaml": generated.replace("identifier: a", "identifier: b") });
    await expect(apply(await loadConfig([join(folder, "more.yaml")]), { ...options })).rejects.toThrow();
    expect(readdirSync(data)).toEqual(["auth.db", "auth.db.key"]);
  });

  it("and deletes nothing that another run has created meanwhile", async () => {
    const { folder, database } = workplace();
    const url = `sqlite:${database}`;
    const first = await loadConfig([join(folder, "one.yaml")]);
    const second = await loadConfig([join(folder, "two.yaml")]);
    let other: Promise<unknown> | undefined;
    const beforeCommit = async () => {
      // It waits for the lock of a file that is about to go away.
      other = apply(second, runOptions(url, { waitMs: 5000 })).catch((error: unknown) => error);
      await new Promise((done) => setTimeout(done, 100));
      throw new Error("the first one fails");
    };
    await expect(apply(first, runOptions(url, { beforeCommit }))).rejects.toThrow("the first one fails");
    await other;
    // Whatever the second one reported, it can run again, and all of it is there.
    const again = await apply(second, runOptions(url));
    expect(["applied", "unchanged"]).toContain(again.outcome);
    expect((await runCli(["plan", "two.yaml", "--database", url], { cwd: folder })).stdout).toMatch(/^No changes\./);
  });
});

function replaceByFile(folder: string): void {
  rmSync(join(folder, "data"), { recursive: true });
  writeFileSync(join(folder, "data"), "");
}

/** Runs with its own mounts, which no other process sees. */
function unshared(command: readonly string[]): Promise<{ readonly status: number | null; readonly output: string }> {
  const { PATH = "" } = process.env;
  const child = spawn("unshare", ["-m", ...command], { env: { PATH } });
  let output = "";
  const collect = (piece: Buffer): void => {
    output += String(piece);
  };
  for (const stream of [child.stdout, child.stderr]) stream.on("data", collect);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, output }));
  });
}
