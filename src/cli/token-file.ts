import { existsSync, lstatSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Configuration } from "../apply/run.js";
import { type Diagnostic, setupError } from "../errors.js";
import type { GeneratedSecret } from "../plan/kind.js";
import { generatedKeys } from "../plan/plan.js";
import { isShared, syncFolder, writePrivateFile } from "../secrets/file-access.js";
import { changesMade } from "./exit-status.js";
import { json, type TokenFormat, type TokenValues } from "./token-format.js";

/**
 * A file for generated tokens. Values are first written to a draft beside it, whose name holds the run's id, and which replaces
 * the file after the commit: a killed run leaves a file whose tokens all exist, and at most a draft, which the next
 * run settles.
 */
export interface TokenFile {
  readonly path: string;
  /** @throws SetupError `OUTPUT_FILE` (refused) where something else exists already, or its folder is not safe */
  readonly requirePlace: () => void;
  /** Whether a killed run left a draft. */
  readonly hasDrafts: () => boolean;
  /** Publishes the drafts of committed runs and deletes the others. Call it under the lock, so that no other run is writing one. */
  readonly settleDrafts: (isCommitted: (runId: string) => Promise<boolean>) => Promise<void>;
  /**
   * Writes the file's whole future content before the commit: an error here still undoes the run. A second
   * call replaces what the first one wrote.
   *
   * @throws SetupError `OUTPUT_FILE` (refused)
   */
  readonly write: (runId: string, tokens: readonly GeneratedSecret[]) => void;
  /**
   * Replaces the file with the draft, after the commit.
   *
   * @throws SetupError `CHANGES_MADE` (internal)
   */
  readonly publish: () => void;
  /** Deletes the draft, for tokens that were not committed. */
  readonly discard: () => void;
  /** The identifiers of the tokens in the file. */
  readonly identifiers: () => ReadonlySet<string>;
}

interface Draft {
  readonly file: string;
  readonly tokens: readonly GeneratedSecret[];
}

const suffix = ".uncommitted";

/** Adds only to a file that it created in the same format; never follows a link. */
export function createTokenFile(path: string, format = json): TokenFile {
  let own: Draft | undefined;
  const discard = (): void => {
    if (own) rmSync(own.file, { force: true });
    own = undefined;
  };
  return {
    path,
    discard,
    requirePlace: () => void readPlace(path, format),
    hasDrafts: () => draftsOf(path).length > 0,
    settleDrafts: async (isCommitted) => {
      for (const { file, runId } of draftsOf(path)) {
        if (await isCommitted(runId)) replace(file, path, format);
        else rmSync(file, { force: true });
      }
    },
    write: (runId, tokens) => {
      discard();
      const before = readPlace(path, format);
      const added = Object.fromEntries(tokens.map(({ key, value }) => [key, value.reveal()]));
      const text = format.render({ ...before?.values, ...added }, before?.text);
      const file = `${path}.${runId}${suffix}`;
      try {
        writePrivateFile(file, text);
        own = { file, tokens };
        syncFolder(dirname(path));
      } catch (cause) {
        const message = `can't write the file for generated tokens (${codeOf(cause)})`;
        throw refused(message, "name one in an existing, writable folder", cause);
      }
    },
    publish: () => {
      if (own) publish(own, path, format);
    },
    identifiers: () => new Set(Object.keys(readOwn(path, format)?.values ?? {})),
  };
}

/** The note on the generated tokens that the file lacks: the values of earlier runs exist only where those runs wrote them. */
export function missingTokens(configuration: Configuration, file: TokenFile): readonly Diagnostic[] {
  const kept = file.identifiers();
  const missing = generatedKeys(configuration.kinds, configuration.resources).filter((key) => !kept.has(key));
  if (missing.length === 0) return [];
  return [
    {
      severity: "note",
      code: "TOKENS_NOT_IN_FILE",
      message: `${file.path} lacks generated tokens, and the database has only their digests: ${missing.join(", ")}`,
      hint: "if nobody has stored them, generate each again: apply it with `state: absent`, and then again without",
    },
  ];
}

/** Another run may have settled the draft already, as an abandoned one. */
function publish({ file, tokens }: Draft, path: string, format: TokenFormat): void {
  try {
    replace(file, path, format);
  } catch (cause) {
    const values = readOwn(path, format)?.values;
    if (tokens.every(({ key, value }) => values?.[key] === value.reveal())) return;
    const isKept = existsSync(file);
    const where = isKept ? `; the generated tokens are in ${file}` : "";
    throw changesMade(`${path} can't be written (${codeOf(cause)})${where}`, isKept ? [] : tokens, [], { cause });
  }
}

/** @throws where something other than our own file is in the way */
function replace(draft: string, path: string, format: TokenFormat): void {
  readPlace(path, format);
  renameSync(draft, path);
  syncFolder(dirname(path));
}

function draftsOf(path: string): readonly { readonly file: string; readonly runId: string }[] {
  const [folder, begin] = [dirname(path), `${basename(path)}.`];
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    if (!name.startsWith(begin) || !name.endsWith(suffix)) return [];
    const file = join(folder, name);
    return isOwn(file) ? [{ file, runId: name.slice(begin.length, -suffix.length) }] : [];
  });
}

/** A regular file of this user that nobody else may read, except a volume's group: Kubernetes opens files to it at each mount. */
function isOwn(file: string): boolean {
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (!stats?.isFile() || stats.uid !== process.getuid?.()) return false;
  const folder = statSync(dirname(file));
  const isVolumes = isShared(folder) && (folder.mode & 0o002) === 0 && stats.gid === folder.gid;
  return (stats.mode & (isVolumes ? 0o007 : 0o077)) === 0;
}

interface OwnFile {
  readonly text: string;
  readonly values: TokenValues;
}

/** The content of our own file; undefined for any other, or none. */
function readOwn(path: string, { parse }: TokenFormat): OwnFile | undefined {
  if (!isOwn(path)) return undefined;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  const values = parse(text);
  return values && { text, values };
}

/** The file's content so far; undefined without a file. */
function readPlace(path: string, format: TokenFormat): OwnFile | undefined {
  const folder = statSync(dirname(path), { throwIfNoEntry: false });
  if (!folder) {
    throw refused(
      `the folder of the file for generated tokens, ${path}, does not exist`,
      "create it, or name another file",
    );
  }
  const sticky = 0o1000;
  if ((folder.mode & 0o002) !== 0 && (folder.mode & sticky) === 0) {
    throw refused(
      `all users of this machine can write to the folder of ${path}`,
      "name a file in a folder that only you can write to",
    );
  }
  if (!lstatSync(path, { throwIfNoEntry: false })) return undefined;
  const own = readOwn(path, format);
  if (own) return own;
  throw refused(
    `the file for generated tokens, ${path}, already exists, and vtb-setup did not create it`,
    "move it away, or name another file; vtb-setup adds only to a token file of the same format that this user owns, with mode 0600 (0660 in a volume with an fsGroup)",
  );
}

function refused(message: string, hint: string, cause?: unknown): Error {
  return setupError("refused", "OUTPUT_FILE", message, hint, { cause });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
