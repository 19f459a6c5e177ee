import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { importWrittenKey } from "../../src/oidc/jwt/key-set.js";
import { oidc } from "../../src/resources/oidc/step.js";
import { Secret } from "../../src/secrets/secret.js";
import { rocaModulus, textOf } from "../oidc/jwt/keys.js";
import { withClient } from "./oidc-config.js";
import { diagnostics } from "./run-step.js";

const generate = promisify(generateKeyPair);

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

let rsa: Pair;
let ec: Pair;

beforeAll(async () => {
  rsa = await generate("rsa", { modulusLength: 2048 });
  ec = await generate("ec", { namedCurve: "P-256" });
});

const pem = ({ publicKey }: Pair = rsa) => String(publicKey.export({ format: "pem", type: "spki" }));
const jwk = ({ publicKey }: Pair = rsa) => publicKey.export({ format: "jwk" });
const der = ({ publicKey }: Pair = rsa) => publicKey.export({ format: "der", type: "spki" }).toString("base64");
const privatePem = (type: "pkcs8" | "pkcs1" = "pkcs8") => String(rsa.privateKey.export({ format: "pem", type }));
const encryption = { type: "pkcs8", cipher: "aes-256-cbc", passphrase: "p" } as const;
const escaped = (text: string) => text.trim().replaceAll("\n", "\\n");
const encoded = (text: string) => Buffer.from(text).toString("base64");

/** What is said of a key in a client's entry. */
function reported(key: string, fields: object = {}) {
  const said = diagnostics(oidc, withClient({ oidc_rp_idp_sign_key: new Secret(key), ...fields }));
  // No part of a key is ever repeated.
  for (const line of key.split(/\\n|\s/).filter((part) => part.length > 20)) {
    expect(JSON.stringify(said)).not.toContain(line);
  }
  return said
    .filter(({ path }) => path === "items.0.oidc_rp_idp_sign_key")
    .map(({ severity, code, message }) => `${severity} ${code} ${message}`);
}

const unusable = "error INVALID_VALUE no token can be checked with this: ";

describe("F16: a sign key", () => {
  it.each<[string, () => string, string]>([
    ["escaped line breaks", () => escaped(pem()), "it has `\\n` in letters where line breaks belong"],
    ["outer quotes", () => `"${pem()}"`, "it has quotes around it"],
    ["outer quotes around JSON", () => `'${JSON.stringify(jwk())}'`, "it has quotes around it"],
    [
      "quotes and escapes",
      () => `"${escaped(pem())}"`,
      "it has quotes around it, and it has `\\n` in letters where line breaks belong",
    ],
    ["blanks", () => pem().replaceAll("\n", " "), "it has spaces where line breaks belong"],
    ["base64 of a PEM", () => encoded(pem()), "it is a PEM text that was encoded in base64 again"],
    [
      "base64 of a PEM in lines",
      () => encoded(pem()).replace(/.{64}/g, "$&\n"),
      "it is a PEM text that was encoded in base64 again",
    ],
    ["base64 of a JWK", () => encoded(JSON.stringify(jwk())), "it is a JWK that was encoded in base64"],
    [
      "no BEGIN line",
      () => der(),
      "it is a key without the lines -----BEGIN PUBLIC KEY----- and -----END PUBLIC KEY-----",
    ],
    [
      "no BEGIN line, in lines",
      () => der().replace(/.{64}/g, "$&\n"),
      "it is a key without the lines -----BEGIN PUBLIC KEY----- and -----END PUBLIC KEY-----",
    ],
    ["a JWKS", () => JSON.stringify({ keys: [jwk()] }), "it is a set of keys (JWKS), not a key"],
    ["a symmetric JWK", () => '{"kty":"oct","k":"c2VjcmV0"}', "it is a shared secret, not a public key"],
    [
      "F12 a key whose other half can be found from it",
      () => JSON.stringify({ kty: "RSA", n: textOf(rocaModulus()), e: "AQAB" }),
      "it is an RSA key whose private key can be computed from it (CVE-2017-15361)",
    ],
    [
      "F12 a key with a long exponent",
      () => JSON.stringify({ ...jwk(), e: textOf(2n ** 33n + 1n) }),
      "it is an RSA key that is too weak or unusual",
    ],
    ["a key for encryption", () => JSON.stringify({ ...jwk(), use: "enc" }), "it is not a key for signatures"],
    ["half a JWK", () => '{"kty":"RSA"', "it is not a valid JWK"],
    ["half a PEM", () => pem().slice(0, 200), "it is not a valid PEM text"],
    ["a changed PEM", () => pem().replace("MII", "AII"), "it is not a valid PEM text"],
    ["an SSH key", () => `ssh-rsa ${der()} jan@laptop`, "it is an SSH key"],
    ["a URL", () => "https://keycloak.example/realms/vtb/protocol/openid-connect/certs", "it is a URL"],
    ["a file's name", () => "/run/secrets/sign-key.pem", "it is the name of a file, not its content"],
    ["a shared secret", () => "d3b07384d113edec49eaa6238ad5ff00", "it is neither a public key in PEM nor a JWK"],
    ["a key for another algorithm", () => pem(ec), "it is not the type of key that RS256 needs"],
  ])("that is %s is an error that says so", (_, key, found) => {
    expect(reported(key())).toEqual([unusable + found]);
    // Where an earlier version stored it, it verifies no token either.
    const stored = importWrittenKey(key());
    expect(stored.kind === "usable" && stored.key.keyObject.asymmetricKeyType === "rsa").toBe(false);
  });

  it.each<[string, () => string]>([
    ["PKCS #8", () => privatePem()],
    ["PKCS #1", () => privatePem("pkcs1")],
    ["SEC 1", () => String(ec.privateKey.export({ format: "pem", type: "sec1" }))],
    ["encrypted", () => String(rsa.privateKey.export({ format: "pem", ...encryption }))],
    ["behind its public key", () => pem() + privatePem()],
    ["with escaped line breaks, in quotes", () => `"${escaped(privatePem())}"`],
    ["with blanks", () => privatePem().replaceAll("\n", " ")],
    ["encoded once more", () => encoded(privatePem())],
    ["encoded twice more", () => encoded(encoded(privatePem()))],
    ["without its BEGIN line", () => rsa.privateKey.export({ format: "der", type: "pkcs8" }).toString("base64")],
    [
      "encrypted, without its BEGIN line",
      () => rsa.privateKey.export({ format: "der", ...encryption }).toString("base64"),
    ],
    ["a JWK with `d`", () => JSON.stringify(rsa.privateKey.export({ format: "jwk" }))],
    ["a JWK with `d`, in quotes", () => `'${JSON.stringify(ec.privateKey.export({ format: "jwk" }))}'`],
    ["a JWK with `d`, encoded", () => encoded(JSON.stringify(ec.privateKey.export({ format: "jwk" })))],
    ["in a JWKS", () => JSON.stringify({ keys: [jwk(), ec.privateKey.export({ format: "jwk" })] })],
  ])("that is private is refused by name, whatever the client is: %s", (_, key) => {
    const message =
      "error INVALID_VALUE this is a private key, which only the provider may have: anyone who has it can sign tokens for any user";
    for (const fields of [{}, { enabled: false }, { oidc_rp_sign_algo: "HS256" }, { oidc_rp_sign_algo: "ES256" }]) {
      expect(reported(key(), fields)).toEqual([message]);
    }
    expect(reported(key(), { state: "absent" })).toEqual([message]);
    expect(importWrittenKey(key()).kind).toBe("ignored");
  });

  it("that is public and of the algorithm's sort is accepted: PEM, with blank lines around it, and a JWK", () => {
    const taken = [pem(), `\n${pem()}\n\n`, pem().trim(), pem().replaceAll("\n", "\r\n"), JSON.stringify(jwk()), ""];
    taken.push(String(rsa.publicKey.export({ format: "pem", type: "pkcs1" })));
    for (const key of taken) expect(reported(key)).toEqual([]);
    expect(reported(pem(ec), { oidc_rp_sign_algo: "ES256" })).toEqual([]);
  });

  it("of a client that accepts no one is a warning, and one that nothing reads is too", () => {
    expect(reported("key", { enabled: false })).toEqual([
      "warning INVALID_VALUE no token can be checked with this: it is neither a public key in PEM nor a JWK",
    ]);
    expect(reported(pem(), { oidc_rp_sign_algo: "HS256" })).toEqual([
      "warning IGNORED_FIELD this has no effect with HS256: tokens are checked with `oidc_rp_client_secret`",
    ]);
  });
});
