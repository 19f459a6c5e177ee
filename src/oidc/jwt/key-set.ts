import type { Algorithm } from "./algorithm.js";
import { isJsonObject } from "./json-object.js";
import { importJwk, isFor, type KeyFault, type PublicKey } from "./public-key.js";
import { prepareSignatureCheck, type SignatureCheck } from "./signature-check.js";

/** A provider's keys at one moment. */
export interface KeySet {
  /** The checks that a token may be put to: by its key's name, or without one by every key that its algorithm goes with. */
  readonly checksFor: (algorithm: Algorithm, kid: string | undefined) => readonly SignatureCheck[];
  readonly fingerprints: ReadonlySet<string>;
  /** What its keys are called, as far as they have names. */
  readonly kids: readonly string[];
  /** Why keys were left out, once for each of them; those for another use only where no key for signatures is left. */
  readonly ignored: readonly KeyFault[];
}

const mostKeys = 100;
const mostCandidates = 4;
const none: readonly SignatureCheck[] = [];

/** Reads a JWK Set (RFC 7517 §5). What can't be used in it is left out; undefined for what is none, or holds over 100 keys. */
export function readKeySet(document: unknown): KeySet | undefined {
  if (!isJsonObject(document) || !Array.isArray(document.keys) || document.keys.length > mostKeys) return undefined;
  const imports = document.keys.map(importJwk);
  const keys = imports.flatMap((result) => (result.kind === "usable" ? result.key : []));
  const faults = imports.flatMap((result) => (result.kind === "ignored" ? result.reason : []));
  // Keycloak's set holds a key for encryption as well: worth a word only where there is none for signatures.
  return keySetOf(keys, keys.length > 0 ? faults.filter((reason) => reason !== "other_use") : faults);
}

export function keySetOf(keys: readonly PublicKey[], ignored: readonly KeyFault[] = []): KeySet {
  const byAlgorithm = new Map<string, ChecksOfAlgorithm>();
  return {
    checksFor: (algorithm, kid) => {
      const known = byAlgorithm.get(algorithm.name);
      const checks = known ?? prepareChecks(keys, algorithm);
      if (!known) byAlgorithm.set(algorithm.name, checks);
      if (kid !== undefined) return checks.byKid.get(kid) ?? none;
      // Without a name, trying many keys would make each token dear.
      return checks.all.length <= mostCandidates ? checks.all : none;
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
    if (same.length < mostCandidates) byKid.set(key.kid, [...same, check]);
  }
  return { all, byKid };
}
