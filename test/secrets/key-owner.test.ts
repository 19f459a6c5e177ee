import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadKeys } from "../../src/secrets/key.js";
import { runCli, writeFiles } from "../support/cli.js";
import { explicitProvider } from "../support/config-text.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { problemOf, written } from "./refused-key.js";

const isRoot = process.getuid?.() === 0;
const other = 30_201;
const group = 30_001;
const program = fileURLToPath(new URL("../../bin/vtb-setup.js", import.meta.url));
const client = explicitProvider.replace("SECRET", "a-client-secret-for-tests");

const load = (file: string) => loadKeys({ env: { VTB_SETUP_KEY_FILE: file }, keyFile: undefined, mode: "read" });
const refusal = (file: string) => problemOf(() => load(file), "refused");

/** A folder that other users may look into. */
function openFolder(): string {
  const folder = temporaryFolder();
  chmodSync(folder, 0o755);
  return folder;
}

/** A folder with a key file in it, each of this mode. */
function withKey(fileMode: number, folderMode = 0o755) {
  const folder = join(openFolder(), "keys");
  mkdirSync(folder);
  const file = join(folder, "key");
  writeFileSync(file, `${written}\n`);
  chmodSync(file, fileMode);
  chmodSync(folder, folderMode);
  return { folder, file };
}

/** A Secret or ConfigMap as the kubelet mounts it: a link to a file behind a link to a folder, in a folder with the sticky bit. */
function mountedSecret(mode: number) {
  const folder = join(openFolder(), "secret");
  mkdirSync(join(folder, "..2026_01_01"), { recursive: true });
  chmodSync(folder, 0o1777);
  const file = join(folder, "..2026_01_01/key");
  writeFileSync(file, written);
  chmodSync(file, mode);
  symlinkSync("..2026_01_01", join(folder, "..data"));
  symlinkSync("..data/key", join(folder, "key"));
  return { folder, file: join(folder, "key"), target: file };
}

/** Runs a program of the command line as this user, with only these groups. */
function planAs(uid: number, gid: number, file: string) {
  const folder = temporaryFolder();
  chmodSync(folder, 0o777);
  writeFiles(folder, { "config.yaml": client });
  const { PATH = "" } = process.env;
  return spawnSync(process.execPath, [program, "apply", "config.yaml"], {
    cwd: folder,
    env: { PATH, VTB_SETUP_KEY_FILE: file },
    encoding: "utf8",
    ...(isRoot && { uid, gid }),
  });
}

describe("F10 S103: a key file that another user may write", () => {
  it.each([0o602, 0o620, 0o660, 0o666, 0o622])("is refused with mode %o", (mode) => {
    const { file } = withKey(mode);
    expect(refusal(file)).toMatchObject({
      code: "KEY_UNSAFE",
      message: expect.stringMatching(
        new RegExp(
          `^another user can change the key file ${file}: it belongs to user \\d+ and group \\d+ and has mode 0${mode.toString(8)}, and this process is user \\d+`,
        ),
      ),
    });
  });

  it.each([0o600, 0o400, 0o440, 0o640])("is its near twin with mode %o, which works", (mode) => {
    expect(load(withKey(mode).file)?.source).toBe("file");
  });

  it("is refused by the command with exit status 4, also beside the database, and nothing is created", async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { "config.yaml": client, "vtb-auth.db.key": written });
    chmodSync(join(folder, "vtb-auth.db.key"), 0o660);
    const args = ["apply", "config.yaml", "--database", `sqlite:${join(folder, "vtb-auth.db")}`];
    const refused = await runCli(args, { cwd: folder });
    expect(refused).toMatchObject({ status: 4, stdout: "", stderr: expect.stringContaining("[KEY_UNSAFE]") });
    chmodSync(join(folder, "vtb-auth.db.key"), 0o600);
    expect(await runCli(args, { cwd: folder })).toMatchObject({ status: 0, stderr: "" });
  });
});

describe("F10 S103: a folder that everybody may write to (emptyDir)", () => {
  it("works, with a warning for it, and not where the key itself is open to others", () => {
    const { folder, file } = withKey(0o600, 0o777);
    expect(load(file)).toMatchObject({ openFolder: folder });
    chmodSync(file, 0o606);
    expect(refusal(file)?.code).toBe("KEY_UNSAFE");
    // With the sticky bit, no other user can replace it.
    expect(load(withKey(0o600, 0o1777).file)?.openFolder).toBeUndefined();
  });

  it("works for a database, with a warning for it", async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { "config.yaml": client });
    chmodSync(folder, 0o777);
    const args = ["apply", "config.yaml", "--database", `sqlite:${join(folder, "auth.db")}`];
    const applied = await runCli(args, { cwd: folder });
    expect(applied.status).toBe(0);
    expect(applied.stderr).toMatch(
      /warning: other users of this machine can write to \S+, and so replace the database .*\[DATABASE_MODE\]/,
    );
    chmodSync(folder, 0o755);
    expect(await runCli(args, { cwd: folder })).toMatchObject({ status: 0, stderr: "" });
  });
});

describe("F10 S103: a mounted Secret", () => {
  it.each([0o400, 0o440, 0o644])("works with its links, and mode %o", (mode) => {
    expect(load(mountedSecret(mode).file)).toMatchObject({ source: "file", openFolder: undefined });
  });

  it("is refused where its file is open to others", () => {
    const { file } = mountedSecret(0o666);
    expect(refusal(file)?.code).toBe("KEY_UNSAFE");
  });
});

// Only root can give files away.
describe.runIf(isRoot)("F10 S103: where there are several users", () => {
  it("a key file of another user is refused, in an emptyDir and elsewhere", () => {
    for (const mode of [0o777, 0o1777, 0o755]) {
      const { file } = withKey(0o644, mode);
      chownSync(file, other, other);
      expect(refusal(file)?.message).toMatch(/another user can change the key file .*: it belongs to user 30201/);
      chownSync(file, 0, 0);
      expect(load(file)?.source).toBe("file");
    }
  });

  it("a link of another user on the way to it is refused, root's own is followed", () => {
    const { folder, file } = mountedSecret(0o400);
    for (const link of ["key", "..data"]) {
      const path = join(folder, link);
      lchown(path, other);
      expect(refusal(file)?.message).toMatch(
        new RegExp(`^the link ${path} to the key file ${file} belongs to another user`),
      );
      lchown(path, 0);
    }
    expect(load(file)?.source).toBe("file");
  });

  it("a volume with the setgid bit is shared by those in its group only", () => {
    const { folder, file } = withKey(0o660, 0o2775);
    chownSync(folder, 0, group);
    chmodSync(folder, 0o2775);
    chownSync(file, other, group);
    expect(planAs(30_202, group, file)).toMatchObject({ status: 0 });
    // Its hostile twins: the process is not in the group; the file is not in it; everyone may create files there.
    chmodSync(file, 0o664);
    const outside = planAs(30_203, 30_203, file);
    expect(outside).toMatchObject({ status: 4, stderr: expect.stringContaining("[KEY_UNSAFE]") });
    chownSync(file, other, other);
    chmodSync(file, 0o664);
    expect(planAs(30_202, group, file)).toMatchObject({ status: 4, stderr: expect.stringContaining("[KEY_UNSAFE]") });
    chownSync(file, other, group);
    chmodSync(folder, 0o2777);
    expect(planAs(30_202, group, file)).toMatchObject({ status: 4, stderr: expect.stringContaining("[KEY_UNSAFE]") });
    chmodSync(folder, 0o2775);
    expect(planAs(30_202, group, file)).toMatchObject({ status: 0 });
  });

  it("a Secret that root mounted with a group works for a user in it", () => {
    const { folder, file, target } = mountedSecret(0o440);
    for (const path of [folder, join(folder, "..2026_01_01"), target]) chownSync(path, 0, group);
    chmodSync(folder, 0o3777);
    expect(planAs(30_202, group, file)).toMatchObject({ status: 0 });
    const denied = planAs(30_203, 30_203, file);
    expect(denied).toMatchObject({
      status: 4,
      stderr: expect.stringMatching(/permission denied on .*mode 0440; this process is user 30203/),
    });
  });
});

function lchown(path: string, uid: number): void {
  spawnSync("chown", ["-h", String(uid), path]);
}
