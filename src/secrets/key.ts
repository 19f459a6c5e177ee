import { hkdfSync } from "node:crypto";
import { setupError } from "../errors.js";
import { createKeyFile, readKeyFile } from "./key-file.js";
import { Secret } from "./secret.js";

const fileEnding = /\r?\n$/;
const separator = /\r?\n|,/;
const hex = /^[0-9a-f]{64}$/i;
const base64 = /^(?:[A-Za-z0-9+/]{43}|[A-Za-z0-9_-]{43})=?$/;

/** Sealing keys of 32 bytes each, the newest first. */
export type Keys = readonly [Buffer, ...Buffer[]];

/** The sealing keys and where they came from. */
export interface LoadedKeys {
  readonly keys: Keys;
  /** `made`: generated now, in `file`. */
  readonly source: "env" | "file" | "made";
  /** Its path, unless they came from the environment. */
  readonly file?: string;
  /** Other users of the machine can read the file. */
  readonly loose?: boolean;
  /** The folder of the file that a variable names, if other users may replace files there. */
  readonly openFolder?: string | undefined;
}

export interface KeyOptions {
  readonly env: { readonly VTB_SETUP_KEY?: string | undefined; readonly VTB_SETUP_KEY_FILE?: string | undefined };
  /** The file beside the database, if the database is one. */
  readonly keyFile: string | undefined;
  /** `write` creates the file beside the database when it is missing. */
  readonly mode: "read" | "write";
}

/**
 * Parses keys, the newest first: each is 32 bytes as base64, base64url or 64 hexadecimal digits. A line break or a comma separates
 * two; a line break at the end is allowed.
 *
 * @param source the text's name in messages
 * @throws SetupError `KEY_INVALID` (invalid)
 */
export function parseKeys(text: string, source = "the sealing key"): Keys {
  const [newest = "", ...older] = text.replace(fileEnding, "").split(separator);
  return [parseKey(newest, source), ...older.map((written) => parseKey(written, source))];
}

function parseKey(written: string, source: string): Buffer {
  if (hex.test(written)) return Buffer.from(written, "hex");
  // Node's decoder accepts both alphabets.
  if (base64.test(written)) return Buffer.from(written, "base64");
  throw setupError(
    "invalid",
    "KEY_INVALID",
    `${source} does not contain a key: expected 32 bytes as base64, base64url or 64 hexadecimal digits`,
    "generate one with: openssl rand -base64 32",
  );
}

/**
 * Loads the keys from `VTB_SETUP_KEY`, the file that `VTB_SETUP_KEY_FILE` names, or the file beside the database. An empty
 * variable counts as unset. Undefined when the file beside the database is missing in mode `read`.
 *
 * @throws SetupError `KEY_INVALID` (invalid), `FILE_DENIED`, `KEY_UNSAFE` (refused)
 */
export function loadKeys({ env, keyFile, mode }: KeyOptions): LoadedKeys | undefined {
  const { VTB_SETUP_KEY: written, VTB_SETUP_KEY_FILE: namedFile } = env;
  if (written && namedFile) {
    throw setupError(
      "invalid",
      "KEY_INVALID",
      "VTB_SETUP_KEY and VTB_SETUP_KEY_FILE are both set",
      "unset one of them",
    );
  }
  if (written) return { keys: parseKeys(written, "VTB_SETUP_KEY"), source: "env" };
  if (namedFile) return loadNamedKeys(namedFile, "VTB_SETUP_KEY_FILE");
  if (keyFile === undefined) {
    throw setupError(
      "invalid",
      "KEY_INVALID",
      "there is no sealing key: VTB_SETUP_KEY is not set",
      "set VTB_SETUP_KEY, or VTB_SETUP_KEY_FILE; generate a key with: openssl rand -base64 32",
    );
  }
  const loaded = loadFile(keyFile, "file") ?? (mode === "write" ? loadMade(keyFile) : undefined);
  // Its folder is the database's, whose warnings cover it.
  return loaded && { ...loaded, openFolder: undefined };
}

/**
 * Loads the keys that the database's secrets were sealed with, as {@link loadKeys} does in mode `read`.
 *
 * @throws SetupError also where the file beside the database is missing: `KEY_INVALID` (invalid)
 */
export function loadExistingKeys({ env, keyFile }: Omit<KeyOptions, "mode">): LoadedKeys {
  const loaded = loadKeys({ env, keyFile, mode: "read" });
  if (loaded) return loaded;
  throw setupError(
    "invalid",
    "KEY_INVALID",
    `the sealing key ${keyFile ?? ""} is missing`,
    "set VTB_SETUP_KEY or VTB_SETUP_KEY_FILE to the key that `vtb-setup apply` used, or put its file back",
  );
}

/**
 * Derives a secret from a sealing key (HKDF-SHA256, RFC 5869): 32 bytes as base64url. It reveals neither the key nor the secret of
 * another purpose.
 */
export function deriveSecret(key: Buffer, purpose: string): Secret {
  return new Secret(Buffer.from(hkdfSync("sha256", key, "", `vtb-setup ${purpose}`, 32)).toString("base64url"));
}

/**
 * Loads the keys of a file that the command line or a variable names.
 *
 * @param namedBy for messages, such as `VTB_SETUP_KEY_FILE`
 * @throws SetupError `KEY_INVALID` (invalid), `FILE_DENIED`, `KEY_UNSAFE` (refused)
 */
export function loadNamedKeys(file: string, namedBy: string): LoadedKeys {
  const loaded = loadFile(file, "file");
  if (loaded) return loaded;
  throw setupError(
    "invalid",
    "KEY_INVALID",
    `the key file ${file} that ${namedBy} names does not exist`,
    "correct the path, or generate the file's key with: openssl rand -base64 32",
  );
}

function loadMade(file: string): LoadedKeys {
  const made = createKeyFile(file);
  // Always read back: another process may have been first, and then its key counts.
  const loaded = loadFile(file, made ? "made" : "file");
  if (loaded) return loaded;
  throw setupError(
    "invalid",
    "KEY_INVALID",
    `the key file ${file} is a link to a file that does not exist`,
    "put the key file back, or remove the link",
  );
}

function loadFile(file: string, source: "file" | "made"): LoadedKeys | undefined {
  const content = readKeyFile(file);
  if (!content) return undefined;
  const { text, loose, openFolder } = content;
  return { keys: parseKeys(text, `the key file ${file}`), source, file, loose, openFolder };
}
