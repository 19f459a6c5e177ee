import { randomBytes } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  linkSync,
  openSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, resolve } from "node:path";

/** Why a file can't be used, and how to fix it; waiting does not help. */
interface AccessProblem {
  readonly message: string;
  readonly hint: string;
}

/**
 * Finds why this process may not read a file, or write it and create others beside it. Undefined if permissions are not the
 * cause.
 *
 * @param what such as `the key file`
 */
export function explainAccess(what: string, path: string, access: "read" | "write"): AccessProblem | undefined {
  const file = resolve(path);
  const cannot = `${what} ${path} can't be ${access === "read" ? "read" : "written"}`;
  for (const folder of foldersOf(file)) {
    const found = look(folder);
    if (found === undefined && !isReachable(folder)) break;
    if (found === undefined) {
      const hint = "create the folder, or mount its volume";
      return { message: `${cannot}: the folder ${folder} does not exist`, hint };
    }
    if (!found.isDirectory()) {
      return { message: `${cannot}: ${folder} is a file, not a folder`, hint: "correct the path" };
    }
    const refusal = refusalOf(folder, found, constants.X_OK);
    if (refusal) return { ...refusal, message: `${cannot}: ${refusal.message}` };
  }
  const found = look(file);
  if (found?.isDirectory()) {
    return {
      message: `${what} ${path} is a folder`,
      hint: "name a file; Docker creates a folder when the file to mount is missing: remove the folder, and create the file first",
    };
  }
  if (found === undefined && access === "read") return undefined;
  const folder = dirname(file);
  const needed: readonly (readonly [string, number])[] =
    access === "read"
      ? [[file, constants.R_OK]]
      : [
          [folder, constants.W_OK],
          [file, constants.R_OK | constants.W_OK],
        ];
  for (const [needle, mode] of needed) {
    const stats = look(needle);
    const refusal = stats && refusalOf(needle, stats, mode);
    if (refusal) return { ...refusal, message: `${cannot}: ${refusal.message}` };
  }
  return undefined;
}

/** From the root down. */
function foldersOf(file: string): readonly string[] {
  const folders: string[] = [];
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    folders.unshift(folder);
    if (folder === dirname(folder)) return folders;
  }
}

function look(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** False if it is unknown whether the path exists. */
function isReachable(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
  }
}

function refusalOf(path: string, stats: Stats, mode: number): AccessProblem | undefined {
  try {
    accessSync(path, mode);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === "EROFS") {
      return {
        message: `${path} is on a read-only file system`,
        hint: "mount its volume read-write, or name a file elsewhere",
      };
    }
    return {
      message: `permission denied on ${path}, which ${ownerAndMode(stats)}; this process is ${whoWeAre()}`,
      hint: "change owner or mode with chown and chmod; in Kubernetes, set fsGroup in the Pod's securityContext",
    };
  }
}

/** Such as `belongs to user 1000 and group 2000 and has mode 0640`. */
export function ownerAndMode({ uid, gid, mode }: Stats): string {
  return `belongs to user ${uid} and group ${gid} and has mode ${(mode & 0o7777).toString(8).padStart(4, "0")}`;
}

/** Whether users who are neither owner nor in the group may replace files in a folder. */
export function isOpenToOthers({ mode }: Stats): boolean {
  return (mode & 0o002) !== 0 && (mode & 0o1000) === 0;
}

/** Whether a folder assigns new files to its group, as a cluster's fsGroup volume does, and this process is in that group. */
export function isShared({ mode, gid }: Stats): boolean {
  return (mode & 0o2000) !== 0 && (mode & 0o020) !== 0 && ownGroups().includes(gid);
}

/** The mode of a private file in a folder: for its owner only, or also for the group that shares the folder. */
export function privateMode(folder: string): number {
  return (statSync(folder).mode & 0o2000) !== 0 ? 0o660 : 0o600;
}

export function whoWeAre(): string {
  const user = `user ${process.geteuid?.() ?? "unknown"}`;
  return `${user} with the groups ${ownGroups().join(", ")}`;
}

/** The groups whose permissions this process has. */
function ownGroups(): readonly number[] {
  const effective = process.getegid?.();
  return [...new Set([...(effective === undefined ? [] : [effective]), ...(process.getgroups?.() ?? [])])];
}

/**
 * Creates a file that only this user may read (mode 0600 by default), complete and on disk, or not at all. It never replaces
 * another file and never follows a link.
 *
 * @throws Error of node:fs; with the code `EEXIST` if the path exists already
 */
export function createPrivateFile(file: string, text: string, mode = 0o600): void {
  const draft = `${file}.${randomBytes(8).toString("hex")}.tmp`;
  try {
    writePrivateFile(draft, text, mode);
    // Unlike a rename, a link never replaces another file.
    linkSync(draft, file);
    syncFolder(dirname(file));
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Creates a file and syncs it to disk. If the process ends during that, a part of the file remains. */
export function writePrivateFile(file: string, text: string | Buffer, mode = 0o600): void {
  const descriptor = openSync(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode);
  try {
    // The umask may have removed more than it should.
    fchmodSync(descriptor, mode);
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** A file's name is on disk only once its folder is. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, constants.O_RDONLY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
