import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { setupError } from "../errors.js";
import { Secret } from "./secret.js";
import type { Vault } from "./vault.js";

const algorithm = "aes-256-gcm";
const ivBytes = 12;
// Said on both sides: without it Node opens with a tag that was cut down to four bytes.
const authTagLength = 16;
const sealedForm = /^v1\.(?<keyId>[0-9a-f]{16})\.(?<iv>[\w-]{16})\.(?<ciphertext>[\w-]*)\.(?<tag>[\w-]{22})$/;

/** Tells keys apart without giving them away: 16 hex digits, of SHA-256 with a prefix of its own. */
export function keyIdOf(key: Buffer): string {
  return createHash("sha256").update("vtb-setup sealing key id\0").update(key).digest("hex").slice(0, 16);
}

/**
 * Seals with AES-256-GCM under a key of 32 bytes, as `v1.<key id>.<iv>.<ciphertext>.<tag>` in base64url; the purpose is
 * authenticated along with it.
 */
export function createVault(key: Buffer): Vault {
  const cipherKey = createSecretKey(key);
  const keyId = keyIdOf(key);
  return {
    seal: (secret, purpose) => `v1.${keyId}.${encrypt(cipherKey, secret.reveal(), purpose)}`,
    open: (sealed, purpose) => {
      const parts = sealedForm.exec(sealed)?.groups;
      if (parts && parts.keyId !== keyId) throw sealedWithAnother();
      const plain = parts && decrypt(cipherKey, parts, purpose);
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

/** Undefined when it is not what was sealed. */
function decrypt(key: KeyObject, parts: Readonly<Record<string, string>>, purpose: string): string | undefined {
  const bytes = (name: string) => Buffer.from(parts[name] ?? "", "base64url");
  const decipher = createDecipheriv(algorithm, key, bytes("iv"), { authTagLength });
  decipher.setAAD(Buffer.from(purpose)).setAuthTag(bytes("tag"));
  const plain = decipher.update(bytes("ciphertext"));
  try {
    return Buffer.concat([plain, decipher.final()]).toString("utf8");
  } catch {
    // The one thing that final() refuses is a tag that doesn't fit.
    return undefined;
  }
}

function sealedWithAnother(): Error {
  return setupError(
    "refused",
    "KEY_MISMATCH",
    "a secret in the database was sealed with another key than this one",
    "give the earlier key in VTB_SETUP_KEY or VTB_SETUP_KEY_FILE, or put back the key file",
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
