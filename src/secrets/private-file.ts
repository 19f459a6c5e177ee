import { randomBytes } from "node:crypto";
import { closeSync, constants, fchmodSync, fsyncSync, linkSync, openSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a file that only this user may read (mode 0600, unless another one is given), whole and on disk, or not at all. It never
 * takes the place of another file and never follows a link.
 *
 * @throws Error of node:fs; with the code `EEXIST` where there is something already
 */
export function makePrivateFile(file: string, text: string, mode = 0o600): void {
  const draft = `${file}.${randomBytes(8).toString("hex")}.tmp`;
  try {
    writePrivateFile(draft, text, mode);
    // Unlike a rename, a link refuses to take the place of another file.
    linkSync(draft, file);
    syncFolder(dirname(file));
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Makes a file and writes it to the disk. A process that ends amid it leaves a part of it. */
export function writePrivateFile(file: string, text: string, mode = 0o600): void {
  const descriptor = openSync(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode);
  try {
    // The umask may have taken more away than it should.
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
