import { algorithms, isSymmetric } from "../oidc/jwt/algorithm.js";
import { parseJsonObject } from "../oidc/jwt/json-object.js";
import { importKeys, importWrittenKey, isFor, type KeyImport } from "../oidc/jwt/key-set.js";
import { fetchDocument, type RemoteAnswer } from "../oidc/remote-document.js";
import { isSecret } from "../secrets/secret.js";
import type { ProviderContext } from "./context.js";
import { clientSubject, type Finding, failure, ok, type Subject } from "./finding.js";
import { reportUnanswered } from "./network.js";
import type { OpenIdClient } from "./openid.js";

type UsableKey = Extract<KeyImport, { kind: "usable" }>["key"];

/** Whether the keys that a provider publishes now can check the tokens of its clients. */
export async function checkKeys({
  subject,
  provider,
  found,
  clients,
  fetch,
}: ProviderContext): Promise<readonly Finding[]> {
  const url = provider.attributes.jwks_endpoint;
  if (typeof url !== "string") return [];
  const answer = await fetchDocument(fetch, url, {
    headers: { accept: "application/jwk-set+json, application/json" },
  });
  const read = readKeys(subject, url, answer);
  if (read.kind === "none") return read.findings;
  const usable = read.keys.flatMap((result) => (result.kind === "usable" ? result.key : []));
  const known = ok(subject, "keys", `${usable.length} of ${read.keys.length} for signatures`);
  const offered = found?.offers?.signAlgorithms;
  return [known, ...clients.flatMap((client) => checkClientKeys(client, usable, offered))];
}

type ReadKeys =
  | { readonly kind: "keys"; readonly keys: readonly KeyImport[] }
  | { readonly kind: "none"; readonly findings: readonly Finding[] };

function readKeys(subject: Subject, url: string, answer: RemoteAnswer): ReadKeys {
  const hint = "check `oidc_op_jwks_endpoint`, or the provider's `jwks_uri`";
  if (answer.kind === "failed" || answer.status >= 500) {
    return { kind: "none", findings: reportUnanswered(subject, "keys", answer, { url, code: "KEYS_UNUSABLE", hint }) };
  }
  const keys = answer.status === 200 ? importKeys(parseJsonObject(answer.body)) : undefined;
  if (keys) return { kind: "keys", keys };
  const what = answer.status === 200 ? "is not a set of at most 100 keys" : `answered with status ${answer.status}`;
  const finding = failure(subject, "keys", { code: "KEYS_UNUSABLE", message: `${url} ${what}`, hint });
  return { kind: "none", findings: [finding] };
}

function checkClientKeys(
  { entry: { key, attributes, range } }: OpenIdClient,
  keys: readonly UsableKey[],
  offered: readonly string[] | undefined,
): readonly Finding[] {
  const subject = clientSubject(key);
  const algorithm = algorithms.get(attributes.sign_algo ?? "RS256");
  const position = range?.position;
  // The client's secret is the key.
  if (!algorithm || isSymmetric(algorithm)) return [];
  const signKey = attributes.sign_key;
  if (isSecret(signKey)) {
    const written = importWrittenKey(signKey.reveal());
    // What can't be opened, or is not a key, is said elsewhere.
    if (written.kind === "ignored") return [];
    const isPublished = keys.some(({ keyObject }) => keyObject.equals(written.key.keyObject));
    if (isPublished) return [ok(subject, "keys", "its `oidc_rp_idp_sign_key` is published")];
    const message =
      "the provider no longer publishes the key in `oidc_rp_idp_sign_key`, so that new tokens are rejected";
    const hint = "write the provider's new key, or leave `oidc_rp_idp_sign_key` out: then published keys are followed";
    return [failure(subject, "keys", { code: "SIGN_KEY_REPLACED", message, hint, position })];
  }
  if (keys.some((each) => isFor(each, algorithm))) return [ok(subject, "keys", `for ${algorithm.name}`)];
  // Then the check of what the provider offers says so.
  if (offered && !offered.includes(algorithm.name)) return [];
  const message = `the provider publishes no key for ${algorithm.name}, so that every token is rejected`;
  const hint = "enable such a key at the provider, or set `oidc_rp_sign_algo` to what it signs with";
  return [failure(subject, "keys", { code: "KEYS_UNUSABLE", message, hint, position })];
}
