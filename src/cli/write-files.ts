import { createHash, randomBytes } from "node:crypto";
import { chownSync, readFileSync, realpathSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { UpgradedFile } from "../apply/upgrade.js";
import { setupError } from "../errors.js";
import { syncFolder, writePrivateFile } from "../secrets/file-access.js";
import { changesMade } from "./exit-status.js";

/**
 * Replaces files, each as a whole, and none before all new ones are on disk. Modes stay, and links still lead to the file.
 *
 * @throws SetupError `OUTPUT_FILE` (refused), and `CHANGES_MADE` (internal) where some were replaced already
 */
export function replaceFiles(files: readonly UpgradedFile[]): void {
  const drafts: { readonly draft: string; readonly target: string }[] = [];
  const replaced: string[] = [];
  try {
    for (const upgraded of files) drafts.push(writeDraft(upgraded));
    for (const { draft, target } of drafts) {
      renameSync(draft, target);
      replaced.push(target);
      syncFolder(dirname(target));
    }
  } catch (cause) {
    for (const { draft } of drafts) rmSync(draft, { force: true });
    if (replaced.length === 0) throw cause;
    throw changesMade(`only these files were rewritten: ${replaced.join(", ")}`, [], [], { cause });
  }
}

function writeDraft({ file, sha256, bytes }: UpgradedFile) {
  try {
    const target = realpathSync(file);
    const { mode, uid, gid } = statSync(target);
    if (createHash("sha256").update(readFileSync(target)).digest("hex") !== sha256) {
      throw setupError("refused", "OUTPUT_FILE", `${file} changed while it was upgraded`, "run upgrade again");
    }
    const draft = `${target}.${randomBytes(8).toString("hex")}.tmp`;
    writePrivateFile(draft, bytes, mode & 0o7777);
    const written = statSync(draft);
    if (written.uid !== uid || written.gid !== gid) keepOwner(draft, uid, gid);
    return { draft, target };
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause)) throw cause;
    const message = `can't rewrite ${file} (${String(cause.code)})`;
    throw setupError("refused", "OUTPUT_FILE", message, "run upgrade as a user who may write to its folder", { cause });
  }
}

function keepOwner(draft: string, uid: number, gid: number): void {
  try {
    chownSync(draft, uid, gid);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
