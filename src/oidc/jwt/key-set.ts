import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { type Algorithm, suits } from "./algorithm.js";
import { isJsonObject, isOptionalText, isOptionalTexts, type JsonObject, parseJson } from "./json-object.js";
import { prepareSignatureCheck, type SignatureCheck } from "./jws.js";
import { type KeyWeakness, keyWeakness } from "./key-strength.js";

/** A provider's keys at one moment. */
export interface KeySet {
  /** The checks for a token: that of the key with its `kid`, or without `kid` those of every key that fits its algorithm. */
  readonly checksFor: (algorithm: Algorithm, kid: string | undefined) => readonly SignatureCheck[];
  readonly fingerprints: ReadonlySet<string>;
  /** The names of its keys that have one. */
  readonly kids: readonly string[];
  /** Why keys were left out, one entry per key; keys for another use count only where no key for signatures is left. */
  readonly ignored: readonly IgnoredKeyReason[];
}

const maxKeys = 100;
const maxCandidates = 4;
const none: readonly SignatureCheck[] = [];

/** Reads a JWK Set (RFC 7517 §5), without its unusable keys. Undefined for anything else, and for over 100 keys. */
export function readKeySet(document: unknown): KeySet | undefined {
  const imports = importKeys(document);
  if (!imports) return undefined;
  const keys = imports.flatMap((result) => (result.kind === "usable" ? result.key : []));
  const reasons = imports.flatMap((result) => (result.kind === "ignored" ? result.reason : []));
  // Keycloak's set also holds a key for encryption, which is worth reporting only where there is none for signatures.
  return keySetOf(keys, keys.length > 0 ? reasons.filter((reason) => reason !== "other_use") : reasons);
}

/** The keys of a JWK Set one by one; undefined as of {@link readKeySet}. */
export function importKeys(document: unknown): readonly KeyImport[] | undefined {
  if (!isJsonObject(document) || !Array.isArray(document.keys) || document.keys.length > maxKeys) return undefined;
  return document.keys.map(importJwk);
}

export function keySetOf(keys: readonly PublicKey[], ignored: readonly IgnoredKeyReason[] = []): KeySet {
  const byAlgorithm = new Map<string, ChecksOfAlgorithm>();
  return {
    checksFor: (algorithm, kid) => {
      const known = byAlgorithm.get(algorithm.name);
      const checks = known ?? prepareChecks(keys, algorithm);
      if (!known) byAlgorithm.set(algorithm.name, checks);
      if (kid !== undefined) return checks.byKid.get(kid) ?? none;
      // Without a `kid`, trying many keys would make each token expensive.
      return checks.all.length <= maxCandidates ? checks.all : none;
    },
    fingerprints: new Set(keys.map(({ fingerprint }) => fingerprint)),
    kids: keys.flatMap(({ kid }) => kid ?? []),
    ignored,
  };
}

interface ChecksOfAlgorithm {
  readonly all: readonly SignatureCheck[];
  readonly byKid: ReadonlyMap<string, readonly SignatureCheck[]>;
}

function prepareChecks(keys: readonly PublicKey[], algorithm: Algorithm): ChecksOfAlgorithm {
  const all: SignatureCheck[] = [];
  const byKid = new Map<string, SignatureCheck[]>();
  for (const key of keys) {
    if (!isFor(key, algorithm)) continue;
    const check = prepareSignatureCheck(key.keyObject, algorithm);
    all.push(check);
    if (key.kid === undefined) continue;
    const same = byKid.get(key.kid) ?? [];
    if (same.length < maxCandidates) byKid.set(key.kid, [...same, check]);
  }
  return { all, byKid };
}

/** A key for checking signatures. */
interface PublicKey {
  readonly keyObject: KeyObject;
  readonly kid: string | undefined;
  /** The only algorithm that its publisher allows, if it names one. */
  readonly algorithm: string | undefined;
  /** Unique for a key and its name. */
  readonly fingerprint: string;
}

/** Why a key is not used. */
export type IgnoredKeyReason = "malformed" | "private" | "symmetric" | "other_use" | KeyWeakness;

export type KeyImport =
  | { readonly kind: "usable"; readonly key: PublicKey }
  | { readonly kind: "ignored"; readonly reason: IgnoredKeyReason };

const privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] as const;

/** Whether a JWK has a private member; false for a symmetric key. */
export function isPrivateJwk(jwk: JsonObject): boolean {
  return jwk.kty !== "oct" && privateMembers.some((name) => Object.hasOwn(jwk, name));
}

/** Imports a public JWK (RFC 7517) that is meant for signatures and strong enough. */
function importJwk(jwk: unknown): KeyImport {
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

/** Imports a key that an operator wrote: a public key or certificate in PEM, or a public JWK. */
export function importWrittenKey(text: string): KeyImport {
  const written = text.trim();
  if (written.startsWith("{")) return importJwk(parseJson(written));
  // Node would use its public half, and the operator would not learn that the configuration contains a private key.
  if (written.includes("PRIVATE KEY")) return ignored("private");
  try {
    return usable(createPublicKey(written), undefined, undefined);
  } catch {
    return ignored("malformed");
  }
}

/** Whether a key may check signatures of an algorithm: by its type, its curve and its publisher's `alg` (RFC 8725 §3.1). */
export function isFor(key: PublicKey, algorithm: Algorithm): boolean {
  if (!suits(key.keyObject, algorithm)) return false;
  const { algorithm: declared } = key;
  if (declared === undefined || declared === algorithm.name) return true;
  // Two names of the same algorithm (RFC 9864).
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
    // Node validates each member that it needs.
    return createPublicKey({ key: jwk as JsonWebKey, format: "jwk" });
  } catch {
    return undefined;
  }
}

function ignored(reason: IgnoredKeyReason): KeyImport {
  return { kind: "ignored", reason };
}
