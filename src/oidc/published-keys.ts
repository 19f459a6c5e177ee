import { quoteForeign } from "./foreign-text.js";
import type { GuardedFetch } from "./guarded-fetch.js";
import { isJsonObject, parseJsonObject } from "./jwt/json-object.js";
import { type IgnoredKeyReason, readKeySet } from "./jwt/key-set.js";
import { fetchDocument } from "./remote-document.js";

/** A key of a provider, for people to read. */
interface PublishedKey {
  /** Its `kid`; undefined without one. */
  readonly name: string | undefined;
  /** Such as `RSA` or `EC P-256`. */
  readonly type: string;
  /** The only algorithm that it is for, if it says so. */
  readonly algorithm: string | undefined;
  /** Why no signature is checked with it; undefined for a key that is used. */
  readonly ignored: IgnoredKeyReason | undefined;
}

export type PublishedKeys =
  | { readonly kind: "found"; readonly keys: readonly PublishedKey[] }
  | { readonly kind: "failed"; readonly message: string };

/** Fetches the keys that a provider publishes now. Never rejects. */
export async function fetchPublishedKeys(fetch: GuardedFetch, url: string): Promise<PublishedKeys> {
  const answer = await fetchDocument(fetch, url, {
    headers: { accept: "application/jwk-set+json, application/json" },
  });
  if (answer.kind === "failed") return { kind: "failed", message: answer.message };
  if (answer.status !== 200) return { kind: "failed", message: `the provider answered with status ${answer.status}` };
  const document = parseJsonObject(answer.body);
  if (!readKeySet(document) || !Array.isArray(document?.keys)) {
    return { kind: "failed", message: "the provider's response is not a set of keys" };
  }
  return { kind: "found", keys: document.keys.map(describeKey) };
}

function describeKey(jwk: unknown): PublishedKey {
  const { kid, kty, crv, alg } = isJsonObject(jwk) ? jwk : {};
  const type = [kty, crv].filter((part) => typeof part === "string").map((part) => quoteForeign(part, 20));
  return {
    name: typeof kid === "string" ? quoteForeign(kid, 100) : undefined,
    type: type.join(" ") || "?",
    algorithm: typeof alg === "string" ? quoteForeign(alg, 20) : undefined,
    ignored: readKeySet({ keys: [jwk] })?.ignored[0],
  };
}
