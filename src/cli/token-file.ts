import { lstatSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { setupError } from "../errors.js";
import type { GeneratedSecret } from "../plan/kind.js";
import { makePrivateFile } from "../secrets/private-file.js";

/** A file for generated tokens. */
export interface TokenFile {
  readonly path: string;
  /** @throws SetupError `OUTPUT_FILE` (refused) where there is something already, or its folder is not safe */
  readonly requireFree: () => void;
  /**
   * Writes the tokens, whole, before they are committed: what can go wrong with the file then still undoes the run. A second
   * call replaces what the first one wrote.
   *
   * @throws SetupError `OUTPUT_FILE` (refused)
   */
  readonly write: (tokens: readonly GeneratedSecret[]) => void;
  /** Takes the file away again, for tokens that were not committed. */
  readonly discard: () => void;
}

/** JSON: each token's identifier and value. Never overwrites, never follows a link. */
export function createTokenFile(path: string): TokenFile {
  let isWritten = false;
  const discard = (): void => {
    if (isWritten) rmSync(path, { force: true });
    isWritten = false;
  };
  return {
    path,
    requireFree: () => refuseUnsafe(path),
    write: (tokens) => {
      discard();
      refuseUnsafe(path);
      const values = Object.fromEntries(tokens.map(({ key, value }) => [key, value.reveal()]));
      try {
        makePrivateFile(path, `${JSON.stringify(values, undefined, 2)}\n`);
        isWritten = true;
      } catch (cause) {
        const message = `the file for generated tokens can't be written (${codeOf(cause)})`;
        throw refused(message, "name one in a folder that exists and may be written to", cause);
      }
    },
    discard,
  };
}

function refuseUnsafe(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })) {
    throw refused(`the file for generated tokens, ${path}, exists already`, "move it away, or name another file");
  }
  const folder = statSync(dirname(path), { throwIfNoEntry: false });
  if (!folder) {
    throw refused(
      `the folder of the file for generated tokens, ${path}, does not exist`,
      "make it, or name another file",
    );
  }
  const sticky = 0o1000;
  if ((folder.mode & 0o002) !== 0 && (folder.mode & sticky) === 0) {
    throw refused(`everybody may write to the folder of ${path}`, "name a file in a folder of your own");
  }
}

function refused(message: string, hint: string, cause?: unknown): Error {
  return setupError("refused", "OUTPUT_FILE", message, hint, { cause });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
