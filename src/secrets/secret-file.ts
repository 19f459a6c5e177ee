import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { resolve, sep } from "node:path";
import { explainAccess } from "./file-access.js";

/** What came of reading a secret's file. An empty one counts as missing. */
export type SecretFile =
  | { readonly kind: "read"; readonly text: string; readonly loose: boolean }
  | { readonly kind: "missing" | "empty" }
  | { readonly kind: "refused" | "denied"; readonly message: string; readonly hint: string };

export interface SecretFileOptions {
  /** Where relative paths begin. */
  readonly cwd: string;
  /** Where given, the file must be inside of it, with all its symbolic links followed. */
  readonly secretsDir?: string | undefined;
}

const maxBytes = 65_536;

/** Reads a secret's file without one trailing line break. `loose`: its mode is wider than 0640. */
export function readSecretFile(path: string, { cwd, secretsDir }: SecretFileOptions): SecretFile {
  const file = resolve(cwd, path);
  const root = secretsDir === undefined ? undefined : resolve(cwd, secretsDir);
  // Outside of the directory, nothing is told of a file, not even whether there is one.
  if (root !== undefined && !isInside(file, root)) return outside;
  let descriptor: number;
  try {
    // A pipe would keep the program waiting for somebody to write to it.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return explain(file, error);
  }
  try {
    if (root !== undefined && !isReallyInside(descriptor, file, root)) return outside;
    return fstatSync(descriptor).isDirectory() ? explain(file) : readDescriptor(descriptor);
  } catch (error) {
    return explain(file, error);
  } finally {
    closeSync(descriptor);
  }
}

const outside: SecretFile = {
  kind: "refused",
  message: "the secret's file is outside of the secrets directory",
  hint: "name a file inside of it, without .. and symbolic links that lead out of it",
};

function isInside(path: string, root: string): boolean {
  return path.startsWith(root.endsWith(sep) ? root : root + sep);
}

/** Compares what was opened with what the path names, so that a link that was changed in between is noticed. */
function isReallyInside(descriptor: number, file: string, root: string): boolean {
  const real = realpathSync(file);
  const opened = fstatSync(descriptor);
  const named = statSync(real);
  return isInside(real, realpathSync(root)) && opened.dev === named.dev && opened.ino === named.ino;
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
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  if (code === "ENOENT" || code === "ENOTDIR") return { kind: "missing" };
  const problem = explainAccess("the secret's file", file, "read");
  return problem ? { kind: "denied", ...problem } : refuse(`can't be read (${code})`, "check its owner and mode");
}

function refuse(what: string, hint: string): SecretFile {
  return { kind: "refused", message: `the secret's file ${what}`, hint };
}
