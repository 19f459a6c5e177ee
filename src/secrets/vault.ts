import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { rmSync } from "node:fs";
import { type Diagnostic, setupError } from "../errors.js";
import { type KeyOptions, type Keys, type LoadedKeys, loadExistingKeys, loadKeys } from "./key.js";
import { Secret } from "./secret.js";

/** Seals secrets that must be readable again. `purpose` binds a sealed value to its row and column. */
export interface Vault {
  readonly seal: (secret: Secret, purpose: string) => string;
  /** @throws SetupError `KEY_MISMATCH` (refused) when it was sealed with another key, or for another purpose. */
  readonly open: (sealed: string, purpose: string) => Secret;
}

interface VaultOptions extends Pick<KeyOptions, "env" | "keyFile"> {
  /**
   * The id of the key that the database's secrets were sealed with; null before the first, and then a key may be generated. Not
   * needed for only opening secrets, since a sealed secret names its key.
   */
  readonly storedKeyId?: string | null;
}

/** A vault that loads its keys when the first secret is sealed or opened: most runs and most clients need none. */
export interface LazyVault extends Vault {
  /** The id of the key that it seals with, once a key has been used. */
  readonly usedKeyId: () => string | undefined;
  /** Diagnostics about the key, once it has been used. */
  readonly diagnostics: () => readonly Diagnostic[];
  /** Deletes a key file that was generated for secrets that were not stored. */
  readonly discardMadeKey: () => void;
}

interface Opened {
  readonly ring: KeyRing;
  readonly loaded: LoadedKeys;
}

/**
 * Creates a vault. It seals with the key that the database's secrets were sealed with, or else with the newest; until the key is
 * changed, programs may not have a newer one yet. Without a usable key, its first use throws SetupError `KEY_INVALID` (invalid),
 * `KEY_MISMATCH`, `KEY_UNSAFE` or `FILE_DENIED` (refused).
 */
export function openVault(options: VaultOptions): LazyVault {
  let opened: Opened | undefined;
  const open = (): Opened => {
    const loaded = load(options);
    refuseOther(loaded.keys, options.storedKeyId);
    return { ring: createVault(loaded.keys, options.storedKeyId ?? undefined), loaded };
  };
  const current = (): Opened => {
    opened ??= open();
    return opened;
  };
  return {
    seal: (secret, purpose) => current().ring.seal(secret, purpose),
    open: (sealed, purpose) => {
      const { ring, loaded } = current();
      // A key may have been added to the file since.
      if (loaded.file !== undefined && !ring.holds(sealed)) opened = open();
      return current().ring.open(sealed, purpose);
    },
    usedKeyId: () => opened?.ring.keyId,
    diagnostics: () => (opened ? keyDiagnostics(opened.loaded) : []),
    discardMadeKey: () => {
      if (opened?.loaded.source !== "made" || !opened.loaded.file) return;
      rmSync(opened.loaded.file, { force: true });
      // Another try makes another one.
      opened = undefined;
    },
  };
}

function load({ env, keyFile, storedKeyId }: VaultOptions): LoadedKeys {
  if (storedKeyId === undefined) return loadExistingKeys({ env, keyFile });
  // A database with sealed secrets already has a key somewhere: a new one would not open them.
  const loaded = loadKeys({ env, keyFile, mode: storedKeyId === null ? "write" : "read" });
  if (loaded) return loaded;
  throw setupError(
    "refused",
    "KEY_MISMATCH",
    `the database has secrets that are sealed with a missing key: ${keyFile ?? "no key file"} is missing`,
    "put the key file back, or set VTB_SETUP_KEY or VTB_SETUP_KEY_FILE to the key",
  );
}

function refuseOther(keys: Keys, storedKeyId: string | null | undefined): void {
  if (storedKeyId === null || storedKeyId === undefined) return;
  if (keys.some((key) => keyIdOf(key) === storedKeyId)) return;
  throw setupError(
    "refused",
    "KEY_MISMATCH",
    "the sealing key is not the one that the database's secrets were sealed with",
    "set VTB_SETUP_KEY or VTB_SETUP_KEY_FILE to the earlier key",
  );
}

/** What is unsafe about where keys were loaded from. */
export function keyDiagnostics({ source, file, loose, openFolder }: LoadedKeys): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  if (source === "made") {
    diagnostics.push({
      severity: "note",
      code: "KEY_MADE",
      message: `generated a sealing key: ${file}`,
      hint: "back it up, separately from the database: every program that reads the client secrets needs it",
    });
  }
  if (loose) {
    diagnostics.push({
      severity: "warning",
      code: "SECRET_FILE_MODE",
      message: `other users of this machine can read the sealing key ${file}`,
      hint: `restrict it: chmod 600 ${file}`,
    });
  }
  if (openFolder) {
    diagnostics.push({
      severity: "warning",
      code: "SECRET_FILE_MODE",
      message: `other users of this machine can write to ${openFolder}, and so replace the sealing key ${file}`,
      hint: `restrict it: chmod o-w ${openFolder}`,
    });
  }
  return diagnostics;
}

const algorithm = "aes-256-gcm";
const ivBytes = 12;
// Set on both sides: without it, Node accepts a tag that was truncated to four bytes.
const authTagLength = 16;
const sealedForm = /^v1\.(?<keyId>[0-9a-f]{16})\.(?<iv>[\w-]{16})\.(?<ciphertext>[\w-]*)\.(?<tag>[\w-]{22})$/;

/** Identifies a key without revealing it: 16 hex digits of a SHA-256 with its own prefix. */
export function keyIdOf(key: Buffer): string {
  return createHash("sha256").update("vtb-setup sealing key id\0").update(key).digest("hex").slice(0, 16);
}

/** The id of the key that a value was sealed with; undefined for what is not a sealed value. */
export function sealedWith(value: string): string | undefined {
  return sealedForm.exec(value)?.groups?.keyId;
}

/** A vault with several keys: it seals with one and opens what was sealed with any of them. */
export interface KeyRing extends Vault {
  /** The id of the key that it seals with. */
  readonly keyId: string;
  /** Whether it has the key of a sealed value. */
  readonly holds: (sealed: string) => boolean;
}

/**
 * Seals with AES-256-GCM under a key of 32 bytes, as `v1.<key id>.<iv>.<ciphertext>.<tag>` in base64url; the purpose is
 * authenticated along with it.
 *
 * @param sealingKeyId the id of the key to seal with. Defaults to the first one's.
 */
export function createVault(keys: Keys, sealingKeyId = keyIdOf(keys[0])): KeyRing {
  const byId = new Map(keys.map((key) => [keyIdOf(key), createSecretKey(key)]));
  const sealingKey = byId.get(sealingKeyId);
  if (sealingKey === undefined) throw new RangeError("expected one of the keys to be the one to seal with");
  return {
    keyId: sealingKeyId,
    holds: (sealed) => byId.has(sealedWith(sealed) ?? ""),
    seal: (secret, purpose) => `v1.${sealingKeyId}.${encrypt(sealingKey, secret.reveal(), purpose)}`,
    open: (sealed, purpose) => {
      const parts = sealedForm.exec(sealed)?.groups;
      const key = byId.get(parts?.keyId ?? "");
      if (parts && !key) throw sealedWithAnother();
      const plain = parts && key && decrypt(key, parts, purpose);
      if (plain === undefined) throw notAuthentic();
      return new Secret(plain);
    },
  };
}

function encrypt(key: KeyObject, plain: string, purpose: string): string {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv(algorithm, key, iv, { authTagLength }).setAAD(Buffer.from(purpose));
  const ciphertext = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
  return [iv, ciphertext, cipher.getAuthTag()].map((bytes) => bytes.toString("base64url")).join(".");
}

/** Undefined if the value or its purpose is not what was sealed. */
function decrypt(key: KeyObject, parts: Readonly<Record<string, string>>, purpose: string): string | undefined {
  const bytes = (name: string) => Buffer.from(parts[name] ?? "", "base64url");
  const decipher = createDecipheriv(algorithm, key, bytes("iv"), { authTagLength });
  decipher.setAAD(Buffer.from(purpose)).setAuthTag(bytes("tag"));
  const plain = decipher.update(bytes("ciphertext"));
  try {
    return Buffer.concat([plain, decipher.final()]).toString("utf8");
  } catch {
    // final() throws only for a tag that does not match.
    return undefined;
  }
}

function sealedWithAnother(): Error {
  return setupError(
    "refused",
    "KEY_MISMATCH",
    "a secret in the database was sealed with another key",
    "set VTB_SETUP_KEY or VTB_SETUP_KEY_FILE to the earlier key, or put its file back",
  );
}

function notAuthentic(): Error {
  return setupError(
    "refused",
    "KEY_MISMATCH",
    "a sealed secret in the database can't be opened: it was changed, or copied from another row",
    "restore the database from a backup",
  );
}
