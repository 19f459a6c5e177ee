import type { StepDiagnostic } from "../../config/step.js";
import { algorithms } from "../../oidc/jwt/algorithm.js";
import { isFor } from "../../oidc/jwt/key-set.js";
import { type KeyForm, readWrittenKey } from "../../oidc/jwt/written-key.js";
import type { ConfigPath } from "../../plan/resource.js";
import type { Secret } from "../../secrets/secret.js";
import { refusal, warning } from "../step-fields.js";

interface SignKeyUse {
  readonly oidc_rp_idp_sign_key?: Secret | undefined;
  readonly oidc_rp_sign_algo?: string | undefined;
  readonly enabled?: boolean | undefined;
}

/** Diagnostics of a client's sign key, where it can't check a token or must not be in a file. */
export function reviewSignKey(client: SignKeyUse, path: ConfigPath): readonly StepDiagnostic[] {
  const text = client.oidc_rp_idp_sign_key?.reveal();
  if (!text) return [];
  const range = [...path, "oidc_rp_idp_sign_key"];
  const key = readWrittenKey(text);
  if (key.kind === "refused" && key.forms.includes("private")) return [privateKey(range)];
  const algorithm = algorithms.get(client.oidc_rp_sign_algo ?? "");
  if (!algorithm) return [];
  if (algorithm.keyTypes.includes("secret")) {
    const message = `this has no effect with ${algorithm.name}: tokens are checked with \`oidc_rp_client_secret\``;
    return [warning("IGNORED_FIELD", range, message, "remove it")];
  }
  if (key.kind === "usable" && isFor(key.key, algorithm)) return [];
  const [found, hint] = key.kind === "usable" ? otherAlgorithm(algorithm.name) : describe(key.forms);
  // A disabled client accepts nobody, so nobody is locked out.
  const report = client.enabled ? refusal : warning;
  return [report("INVALID_VALUE", range, `no token can be checked with this: ${found}`, hint)];
}

const inPem = "write it in PEM behind `oidc_rp_idp_sign_key: |`, with each of its lines on its own line";
const orPublished = "or remove the field to use the provider's published keys";
type Words = readonly [found: string, hint: string];

const words: Readonly<Record<Exclude<KeyForm, "private">, Words>> = {
  quoted: ["it has quotes around it", `${inPem}, without the quotes`],
  escaped_breaks: ["it has `\\n` in letters where line breaks belong", inPem],
  blanks_for_breaks: ["it has spaces where line breaks belong", inPem],
  encoded_pem: ["it is a PEM text that was encoded in base64 again", `decode it (base64 -d), and ${inPem}`],
  encoded_jwk: ["it is a JWK that was encoded in base64", "decode it (base64 -d), and write the JWK itself"],
  without_begin: [
    "it is a key without the lines -----BEGIN PUBLIC KEY----- and -----END PUBLIC KEY-----",
    `add the two lines, and ${inPem}`,
  ],
  jwks: [
    "it is a set of keys (JWKS), not a key",
    "remove the field and write the set's URL as the provider's `oidc_op_jwks_endpoint`, or write one of its keys",
  ],
  symmetric: [
    "it is a shared secret, not a public key",
    "write it as `oidc_rp_client_secret`, with HS256, HS384 or HS512 as `oidc_rp_sign_algo`",
  ],
  other_use: ["it is not a key for signatures", `write the key whose \`use\` is \`sig\`, ${orPublished}`],
  weak_rsa: ["it is an RSA key that is too weak or unusual", "use one of 2048 bits or more with the exponent 65537"],
  roca_rsa: [
    "it is an RSA key whose private key can be computed from it (CVE-2017-15361)",
    "replace the key at the provider: a smart card or security module of Infineon generated it",
  ],
  weak_point: ["it is an Ed25519 key for which anyone can forge signatures", "use a properly generated key"],
  broken_json: ["it is not a valid JWK", `write the whole JWK on one line, in single quotes, ${orPublished}`],
  broken_pem: ["it is not a valid PEM text", `copy the whole key again, and ${inPem}`],
  ssh: ["it is an SSH key", `convert it with ssh-keygen -e -m pkcs8, and ${inPem}`],
  url: ["it is a URL", "remove the field and write the URL as the provider's `oidc_op_jwks_endpoint`"],
  path: ["it is the name of a file, not its content", "write {value_from: {file: PATH}}"],
  other: [
    "it is neither a public key in PEM nor a JWK",
    `${inPem}, ${orPublished}; a shared secret is \`oidc_rp_client_secret\`, with HS256`,
  ],
};

function describe(forms: readonly KeyForm[]): Words {
  const reported = forms.flatMap((form) => (form === "private" ? [] : [words[form]]));
  return [reported.map(([found]) => found).join(", and "), reported.at(-1)?.[1] ?? inPem];
}

function otherAlgorithm(name: string): Words {
  return [
    `it is not the type of key that ${name} needs`,
    "set `oidc_rp_sign_algo` to the key's algorithm, or write another key",
  ];
}

function privateKey(range: ConfigPath): StepDiagnostic {
  const message =
    "this is a private key, which only the provider may have: anyone who has it can sign tokens for any user";
  const hint = `replace the key at the provider, and write the public one here, ${orPublished}`;
  return refusal("INVALID_VALUE", range, message, hint);
}
