import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { type Algorithm, suits } from "./algorithm.js";
import { isJsonObject, isOptionalText, isOptionalTexts, type JsonObject } from "./json-object.js";
import { type KeyWeakness, keyWeakness } from "./key-strength.js";

/** A key that signatures may be checked with. */
export interface PublicKey {
  readonly keyObject: KeyObject;
  readonly kid: string | undefined;
  /** The one algorithm that its publisher allows it for, if it says so. */
  readonly algorithm: string | undefined;
  /** The same for the same key under the same name, and for no other. */
  readonly fingerprint: string;
}

/** Why a key is not used, in a word. */
export type KeyFault = "malformed" | "private" | "symmetric" | "other_use" | KeyWeakness;

export type KeyImport =
  | { readonly kind: "usable"; readonly key: PublicKey }
  | { readonly kind: "ignored"; readonly reason: KeyFault };

const privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] as const;

/** Whether a JWK has a part that only its owner may know, a symmetric key apart. */
export function isPrivateJwk(jwk: JsonObject): boolean {
  return jwk.kty !== "oct" && privateMembers.some((name) => Object.hasOwn(jwk, name));
}

/** Takes a public JWK (RFC 7517) that is meant for signatures and strong enough. */
export function importJwk(jwk: unknown): KeyImport {
  if (!isJsonObject(jwk)) return ignored("malformed");
  if (jwk.kty === "oct") return ignored("symmetric");
  if (isPrivateJwk(jwk)) return ignored("private");
  const { kid, alg, use, key_ops: operations } = jwk;
  if (!isOptionalText(kid) || !isOptionalText(alg) || !isOptionalText(use)) return ignored("malformed");
  if (!isOptionalTexts(operations)) return ignored("malformed");
  if (use !== undefined && use !== "sig") return ignored("other_use");
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes("verify"))) {
    return ignored("other_use");
  }
  const keyObject = readJwk(jwk);
  return keyObject ? usable(keyObject, kid, alg) : ignored("malformed");
}

/** Takes a key that an operator wrote: a public key or certificate in PEM, or a public JWK. */
export function importWrittenKey(text: string): KeyImport {
  const written = text.trim();
  if (written.startsWith("{")) return importJwk(parse(written));
  // Node would take the public half of it, and the operator would not learn what lies in the configuration.
  if (written.includes("PRIVATE KEY")) return ignored("private");
  try {
    return usable(createPublicKey(written), undefined, undefined);
  } catch {
    return ignored("malformed");
  }
}

/** Whether a key may check signatures of an algorithm: its type, its curve and what its publisher says of it (RFC 8725 §3.1). */
export function isFor(key: PublicKey, algorithm: Algorithm): boolean {
  if (!suits(key.keyObject, algorithm)) return false;
  const { algorithm: declared } = key;
  if (declared === undefined || declared === algorithm.name) return true;
  // Two names of the same (RFC 9864).
  return [declared, algorithm.name].every((name) => name === "EdDSA" || name === "Ed25519");
}

function usable(keyObject: KeyObject, kid: string | undefined, algorithm: string | undefined): KeyImport {
  const weakness = keyWeakness(keyObject);
  if (weakness) return ignored(weakness);
  const material = keyObject.export({ format: "der", type: "spki" });
  const fingerprint = JSON.stringify([kid, algorithm, material.toString("base64")]);
  return { kind: "usable", key: { keyObject, kid, algorithm, fingerprint } };
}

function readJwk(jwk: JsonObject): KeyObject | undefined {
  try {
    // Node checks each member that it needs.
    return createPublicKey({ key: jwk as JsonWebKey, format: "jwk" });
  } catch {
    return undefined;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function ignored(reason: KeyFault): KeyImport {
  return { kind: "ignored", reason };
}
