import { lstatSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { setupError } from "../errors.js";
import type { GeneratedSecret } from "../plan/kind.js";
import { makePrivateFile } from "../secrets/private-file.js";

/** A file for generated tokens. */
export interface TokenFile {
  /**
   * Writes the tokens, whole, before they are committed: what can go wrong with the file then still undoes the run. Nothing is
   * written where nothing was generated.
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
  return {
    write: (tokens) => {
      if (tokens.length === 0) return;
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
    discard: () => {
      if (isWritten) rmSync(path, { force: true });
    },
  };
}

function refuseUnsafe(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })) {
    throw refused(`the file for generated tokens, ${path}, exists already`, "move it away, or name another file");
  }
  const folder = statSync(dirname(path), { throwIfNoEntry: false });
  const sticky = 0o1000;
  if (folder && (folder.mode & 0o002) !== 0 && (folder.mode & sticky) === 0) {
    throw refused(`everybody may write to the folder of ${path}`, "name a file in a folder of your own");
  }
}

function refused(message: string, hint: string, cause?: unknown): Error {
  return setupError("refused", "OUTPUT_FILE", message, hint, { cause });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
