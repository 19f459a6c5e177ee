import { createHmac, timingSafeEqual } from "node:crypto";
import { SetupError } from "../errors.js";
import { deriveSecret, type KeyOptions, type Keys, loadKeys } from "./key.js";
import { keyIdOf } from "./vault.js";

/**
 * Creates the function that signs a run of the journal, given its digest: with the newest sealing key, which is looked up each time,
 * since a long-running program may get another one; undefined where there is none that this program can use. A key is never made
 * for it: beside a database that seals nothing, it would protect nothing from those who can write there.
 */
export function createSignRun(from: Pick<KeyOptions, "env" | "keyFile">): (digest: string) => string | undefined {
  return (digest) => {
    const keys = loadUsableKeys(from);
    return keys && signRun(keys[0], digest);
  };
}

/** The sealing keys, newest first; undefined where there are none that may be used. */
function loadUsableKeys(from: Pick<KeyOptions, "env" | "keyFile">): Keys | undefined {
  try {
    return loadKeys({ ...from, mode: "read" })?.keys;
  } catch (error) {
    // What needs the key says so itself; who did what must be recorded without it as well.
    if (error instanceof SetupError) return undefined;
    throw error;
  }
}

/** An HMAC-SHA256 with a separate key, derived from the sealing key: `v1.<key id>.<code>`. */
export function signRun(key: Buffer, digest: string): string {
  return `v1.${keyIdOf(key)}.${codeOf(key, digest)}`;
}

const signedForm = /^v1\.(?<keyId>[0-9a-f]{16})\.(?<code>[\w-]{43})$/;

/** How many characters of a signature say with which key it was made. */
export const keyPrefixLength = "v1.".length + 16;

/** The id of the key that a signature, or its first {@link keyPrefixLength} characters, names. */
export function signedWith(prefix: string): string | undefined {
  return /^v1\.([0-9a-f]{16})(?:\.|$)/.exec(prefix)?.[1];
}

/** Whether one of the keys made a signature; `unknown_key` where it names another one. */
export function checkSignature(
  keys: readonly Buffer[],
  digest: string,
  signature: string,
): "valid" | "invalid" | "unknown_key" {
  const { keyId, code } = signedForm.exec(signature)?.groups ?? {};
  if (keyId === undefined || code === undefined) return "invalid";
  const key = keys.find((one) => keyIdOf(one) === keyId);
  if (key === undefined) return "unknown_key";
  return timingSafeEqual(Buffer.from(code), Buffer.from(codeOf(key, digest))) ? "valid" : "invalid";
}

function codeOf(key: Buffer, digest: string): string {
  return createHmac("sha256", deriveSecret(key, "journal").reveal()).update(digest).digest("base64url");
}
