import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import { basename, dirname, isAbsolute, join, resolve, sep } from "node:path";
import { explainAccess } from "./file-access.js";

/** The result of reading a secret's file. An empty one counts as missing. */
export type SecretFile =
  | { readonly kind: "read"; readonly text: string; readonly loose: boolean }
  | { readonly kind: "missing" | "empty" }
  | { readonly kind: "refused" | "denied"; readonly message: string; readonly hint: string };

export interface SecretFileOptions {
  /** The base of relative paths. */
  readonly cwd: string;
  /** If set, the file must be inside it after all symbolic links are resolved. */
  readonly secretsDir?: string | undefined;
}

const maxBytes = 65_536;

/** Reads a secret's file without one trailing line break. `loose`: its mode is wider than 0640. */
export function readSecretFile(path: string, { cwd, secretsDir }: SecretFileOptions): SecretFile {
  const file = resolve(cwd, path);
  const root = secretsDir === undefined ? undefined : realPath(resolve(cwd, secretsDir));
  // Outside the directory, nothing about a file is revealed, not even whether it exists.
  if (root !== undefined && !isInside(realPath(file), root)) return outside(path, cwd);
  let descriptor: number;
  try {
    // Otherwise, opening a pipe would wait for a writer.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return explain(file, error);
  }
  try {
    if (root !== undefined && !isReallyInside(descriptor, file, root)) return outside(path, cwd);
    return fstatSync(descriptor).isDirectory() ? explain(file) : readDescriptor(descriptor);
  } catch (error) {
    return explain(file, error);
  } finally {
    closeSync(descriptor);
  }
}

function outside(path: string, cwd: string): SecretFile {
  const begin = isAbsolute(path)
    ? ""
    : `; a relative path starts at the working directory, ${cwd}, not at that directory`;
  return {
    kind: "refused",
    message: "the secret's file is outside of the secrets directory",
    hint: `name a file inside it, without .. or symbolic links that lead out of it${begin}`,
  };
}

/** Resolves all symbolic links, even if their target does not exist: `/var/run` is usually a link to `/run`. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    // Circular links and inaccessible folders are reported when the file is opened.
    if (!isMissing(error) || path === dirname(path)) return path;
    const folder = realPath(dirname(path));
    const place = join(folder, basename(path));
    const isLink = lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
    return isLink ? realPath(resolve(folder, readlinkSync(place))) : place;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

function isInside(path: string, root: string): boolean {
  return path.startsWith(root.endsWith(sep) ? root : root + sep);
}

/** Compares the opened file with the one that the path names, to detect a link that was changed in between. */
function isReallyInside(descriptor: number, file: string, root: string): boolean {
  const real = realpathSync(file);
  const opened = fstatSync(descriptor);
  const named = statSync(real);
  return isInside(real, root) && opened.dev === named.dev && opened.ino === named.ino;
}

function readDescriptor(descriptor: number): SecretFile {
  const stats = fstatSync(descriptor);
  if (!stats.isFile()) return refuse("is not a regular file", "name a regular file");
  const buffer = Buffer.alloc(maxBytes + 1);
  let length = 0;
  for (let count = -1; count !== 0 && length <= maxBytes; length += count) {
    count = readSync(descriptor, buffer, length, buffer.length - length, null);
  }
  if (length > maxBytes) return refuse("is larger than 64 KiB", "check that it is the right one");
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(buffer.subarray(0, length));
  } catch {
    return refuse("is not UTF-8 text", "write the secret as text, such as base64");
  }
  const value = text.replace(/\r?\n$/, "");
  return value === "" ? { kind: "empty" } : { kind: "read", text: value, loose: (stats.mode & 0o037) !== 0 };
}

function explain(file: string, error?: unknown): SecretFile {
  if (isMissing(error)) return { kind: "missing" };
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  const diagnostic = explainAccess("the secret's file", file, "read");
  return diagnostic ? { kind: "denied", ...diagnostic } : refuse(`can't be read (${code})`, "check its owner and mode");
}

function refuse(what: string, hint: string): SecretFile {
  return { kind: "refused", message: `the secret's file ${what}`, hint };
}
