import { randomBytes } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { setupError } from "../errors.js";
import { makePrivateFile } from "./private-file.js";

const maxBytes = 4096;

export interface KeyFile {
  readonly text: string;
  /** Other users of the machine can read or change it, or its group can change it. */
  readonly loose: boolean;
}

/**
 * A key file's text; undefined where there is no such file.
 *
 * @throws SetupError `KEY_INVALID` (invalid) for what can't be read, is not a regular file or is larger than 4 KiB
 */
export function readKeyFile(file: string): KeyFile | undefined {
  let descriptor: number;
  try {
    // Opening a FIFO would otherwise wait for somebody to write to it.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return undefined;
    throw invalid(`the key file ${file} can't be read (${codeOf(cause)})`, "check its owner and mode", { cause });
  }
  try {
    // Looked at once it is open, so that it can't be swapped in between.
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw invalid(`the key file ${file} is not a regular file`, "name a file that holds the key");
    const bytes = Buffer.alloc(maxBytes + 1);
    const length = readSync(descriptor, bytes, 0, bytes.length, 0);
    if (length > maxBytes)
      throw invalid(`the key file ${file} is larger than 4 KiB`, "name a file that holds the key alone");
    return { text: bytes.toString("latin1", 0, length), loose: (stat.mode & 0o026) !== 0 };
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Makes a key file of mode 0600 with a random key. It appears with its whole content or not at all, and never replaces
 * one: false means that there is one already.
 *
 * @throws SetupError `KEY_INVALID` (invalid) where it can't be made
 */
export function makeKeyFile(file: string): boolean {
  try {
    // Secrets sealed with a key that a power cut took away could never be opened again, so it is on disk before it is used.
    makePrivateFile(file, `${randomBytes(32).toString("base64")}\n`);
    return true;
  } catch (cause) {
    if (codeOf(cause) === "EEXIST") return false;
    const hint = "make its folder writable, or set VTB_SETUP_KEY";
    throw invalid(`the key file ${file} can't be made (${codeOf(cause)})`, hint, { cause });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}

function invalid(message: string, hint: string, options?: ErrorOptions): Error {
  return setupError("invalid", "KEY_INVALID", message, hint, options);
}
