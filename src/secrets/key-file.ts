import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { setupError } from "../errors.js";
import {
  createPrivateFile,
  explainAccess,
  isOpenToOthers,
  isShared,
  ownerAndMode,
  privateMode,
  whoWeAre,
} from "./file-access.js";

const maxBytes = 4096;

export interface KeyFile {
  readonly text: string;
  /** Other users of the machine can read it. */
  readonly loose: boolean;
  /** Its folder, if other users may replace files there. */
  readonly openFolder: string | undefined;
}

/**
 * Reads a key file; undefined where there is no such file.
 *
 * @throws SetupError `KEY_INVALID` (invalid) if it is not a regular file or is larger than 4 KiB, `FILE_DENIED` (refused) if it
 * can't be read, `KEY_UNSAFE` (refused) if another user may have written it
 */
export function readKeyFile(file: string): KeyFile | undefined {
  let descriptor: number;
  try {
    // Otherwise, opening a FIFO would wait for a writer.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return undefined;
    throw denied(file, "read", cause);
  }
  try {
    // Checked after opening, so that the file can't be swapped in between.
    const stat = fstatSync(descriptor);
    if (stat.isDirectory()) throw denied(file, "read");
    if (!stat.isFile())
      throw invalid(`the key file ${file} is not a regular file`, "name a file that contains the key");
    const folder = dirname(realpathSync(file));
    refuseUnsafe(file, stat, statSync(folder));
    const bytes = Buffer.alloc(maxBytes + 1);
    const length = readSync(descriptor, bytes, 0, bytes.length, 0);
    if (length > maxBytes)
      throw invalid(`the key file ${file} is larger than 4 KiB`, "name a file that contains the key alone");
    const openFolder = [folder, dirname(resolve(file))].find((path) => isOpenToOthers(statSync(path)));
    return { text: bytes.toString("latin1", 0, length), loose: (stat.mode & 0o004) !== 0, openFolder };
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Creates a key file with a random key, of mode 0600, or 0660 where a group shares the folder. It appears with its whole content
 * or not at all, and never replaces one: false means that there is one already.
 *
 * @throws SetupError `FILE_DENIED` (refused) where it can't be created
 */
export function createKeyFile(file: string): boolean {
  try {
    // Secrets sealed with a key that a power cut destroys could never be opened again, so the key is on disk before it is used.
    createPrivateFile(file, `${randomBytes(32).toString("base64")}\n`, privateMode(dirname(file)));
    return true;
  } catch (cause) {
    if (codeOf(cause) === "EEXIST") return false;
    throw denied(file, "write", cause);
  }
}

/**
 * The rule of OpenSSH's `StrictModes`: only root and this user may own the file or a link to it, or write to it. Where a cluster
 * gives a volume to a group (fsGroup) that this process is in, its members count as this user: the folder has the setgid bit, and
 * only they can create files in it.
 */
function refuseUnsafe(file: string, stat: Stats, folder: Stats): void {
  const isGroupOurs = isShared(folder) && (folder.mode & 0o002) === 0 && stat.gid === folder.gid;
  if ((!isOurs(stat) && !isGroupOurs) || (stat.mode & 0o002) !== 0 || ((stat.mode & 0o020) !== 0 && !isGroupOurs)) {
    throw unsafe(`another user can change the key file ${file}`, stat);
  }
  for (const link of linksTo(file)) {
    const found = lstatSync(link);
    const parent = statSync(dirname(link));
    if (isOurs(found) || (isShared(parent) && (parent.mode & 0o002) === 0 && found.gid === parent.gid)) continue;
    throw unsafe(`the link ${link} to the key file ${file} belongs to another user`, found);
  }
}

function isOurs({ uid }: Stats): boolean {
  const own = process.geteuid?.();
  return own === undefined || uid === 0 || uid === own;
}

/** Each symbolic link on the way to an existing file. */
function linksTo(file: string): readonly string[] {
  const links: string[] = [];
  let path = "/";
  let names = namesIn(resolve(file));
  while (names.length > 0) {
    const next = join(path, names[0] ?? "");
    names = names.slice(1);
    const isLink = lstatSync(next).isSymbolicLink();
    if (isLink) {
      links.push(next);
      names = [...namesIn(resolve(path, readlinkSync(next))), ...names];
    }
    path = isLink ? "/" : next;
    // The file was opened, so its links were not circular; another process may be changing them.
    if (links.length > 40) throw invalid(`the key file ${file} is behind too many links`, "name the file itself");
  }
  return links;
}

function namesIn(path: string): readonly string[] {
  return path.split(sep).filter(Boolean);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}

function denied(file: string, access: "read" | "write", cause?: unknown): Error {
  const diagnostic = explainAccess("the key file", file, access) ?? {
    message: `the key file ${file} can't be ${access === "read" ? "read" : "created"} (${codeOf(cause)})`,
    hint: "check its owner and mode and those of its folder, or set VTB_SETUP_KEY",
  };
  return setupError("refused", "FILE_DENIED", diagnostic.message, diagnostic.hint, { cause });
}

function unsafe(message: string, stat: Stats): Error {
  return setupError(
    "refused",
    "KEY_UNSAFE",
    `${message}: it ${ownerAndMode(stat)}, and this process is ${whoWeAre()}`,
    "if it is the right key, give it to this user or root with chown and restrict it: chmod 600; two users can share it in a folder with the setgid bit and their group (fsGroup) that others may not write to",
  );
}

function invalid(message: string, hint: string, options?: ErrorOptions): Error {
  return setupError("invalid", "KEY_INVALID", message, hint, options);
}
