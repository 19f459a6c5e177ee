import { createHmac, createPublicKey, createSecretKey, type KeyObject, sign } from "node:crypto";
import { compactVerify } from "jose";
import { describe, expect, it } from "vitest";
import { type Algorithm, algorithms } from "../../src/oidc/jwt/algorithm.js";
import { createJwsParser, prepareSignatureCheck } from "../../src/oidc/jwt/jws.js";
import { importWrittenKey, readKeySet } from "../../src/oidc/jwt/key-set.js";
import { jwkOf, makeEc, makeEd448, makeEd25519, makeRsa, type Pair } from "../oidc/jwt/keys.js";

function named(name: string): Algorithm {
  const algorithm = algorithms.get(name);
  if (!algorithm) throw new Error(`expected ${name} to be known`);
  return algorithm;
}

const bytesOf = (text: string) => Buffer.from(text === "-" ? "" : text, "base64url");
const encode = (part: string | Buffer | object) =>
  (Buffer.isBuffer(part) ? part : Buffer.from(typeof part === "string" ? part : JSON.stringify(part))).toString(
    "base64url",
  );

interface Verifiable {
  readonly token: string;
  /** What a file configures. */
  readonly algorithm: string;
  /** A set of keys, or a secret. */
  readonly keys: readonly object[] | Buffer;
}

/** What a verifier does with a token before it reads its claims. */
function verify({ token, algorithm, keys }: Verifiable): string {
  const jws = createJwsParser()(token);
  if (jws.kind !== "jws") return jws.reason;
  if (jws.header.alg !== algorithm) return "wrong_algorithm";
  const checks = Buffer.isBuffer(keys)
    ? [prepareSignatureCheck(createSecretKey(keys), named(algorithm))]
    : (readKeySet({ keys })?.checksFor(named(algorithm), jws.header.kid) ?? []);
  if (checks.length === 0) return "unknown_key";
  return checks.some((check) => check(jws.signed, jws.signature)) ? "valid" : "bad_signature";
}

/** The same by jose, which decides on its own what it takes. */
async function isTakenByJose({ token, algorithm, keys }: Verifiable): Promise<boolean> {
  const candidates = Buffer.isBuffer(keys) ? [keys] : keys;
  for (const key of candidates) {
    try {
      await compactVerify(token, key as Parameters<typeof compactVerify>[1], { algorithms: [algorithm] });
      return true;
    } catch {
      // Another key may fit.
    }
  }
  return false;
}

const claims = { iss: "https://idp.example.nl", sub: "jan" };

/** Signs any header and payload, also those that nobody should write. */
function signed(
  name: string,
  key: KeyObject,
  {
    header = { alg: name },
    payload = claims,
  }: { readonly header?: string | Buffer | object; readonly payload?: string | Buffer | object } = {},
): string {
  const text = `${encode(header)}.${encode(payload)}`;
  return `${text}.${encode(signatureOf(name, key, text))}`;
}

function signatureOf(name: string, key: KeyObject, text: string, options: object = {}): Buffer {
  const { digest, padding } = named(name);
  if (name.startsWith("HS")) return createHmac(String(digest), key).update(text).digest();
  const how = padding === "pss" ? { padding: 6, saltLength: -1 } : { dsaEncoding: "ieee-p1363" as const };
  return sign(digest, Buffer.from(text), { key, ...how, ...options });
}

describe("the examples of the RFCs", () => {
  const jwtOfRfc = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

  it("RFC 7515 A.1: HS256", () => {
    const keys = bytesOf("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
    const token = `eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${jwtOfRfc}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk`;
    expect(verify({ token, algorithm: "HS256", keys })).toBe("valid");
    expect(verify({ token, algorithm: "HS256", keys: Buffer.alloc(64) })).toBe("bad_signature");
  });

  it("RFC 7515 A.2: RS256", () => {
    const n =
      "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    const signature =
      "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    const token = `eyJhbGciOiJSUzI1NiJ9.${jwtOfRfc}.${signature}`;
    const keys = [{ kty: "RSA", n, e: "AQAB" }];
    expect(verify({ token, algorithm: "RS256", keys })).toBe("valid");
    expect(verify({ token, algorithm: "PS256", keys })).toBe("wrong_algorithm");
  });

  it("RFC 7515 A.3: ES256", () => {
    const keys = [
      {
        ...{ kty: "EC", crv: "P-256" },
        x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
      },
    ];
    const signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    expect(verify({ token: `eyJhbGciOiJFUzI1NiJ9.${jwtOfRfc}.${signature}`, algorithm: "ES256", keys })).toBe("valid");
  });

  it.each([...algorithms.keys()])("RFC 7519 §6.1: an unsecured JWT is not one of %s", (algorithm) => {
    expect(verify({ token: `eyJhbGciOiJub25lIn0.${jwtOfRfc}.`, algorithm, keys: [] })).toBe("malformed");
    expect(verify({ token: `eyJhbGciOiJub25lIn0.${jwtOfRfc}.AA`, algorithm, keys: [] })).toBe("wrong_algorithm");
  });

  it("RFC 8037 A.4: EdDSA, whose payload is no JWT", () => {
    const keys = [{ kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }];
    const text = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    const signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    const [check] = readKeySet({ keys })?.checksFor(named("EdDSA"), undefined) ?? [];
    expect(check?.(text, bytesOf(signature))).toBe(true);
    expect(verify({ token: `${text}.${signature}`, algorithm: "EdDSA", keys })).toBe("malformed_payload");
  });
});

const pairs = new Map<string, Pair>(
  await Promise.all(
    Object.entries({
      RS256: makeRsa(),
      other: makeRsa(),
      small: makeRsa(1024),
      ES256: makeEc("P-256"),
      ES384: makeEc("P-384"),
      ES512: makeEc("P-521"),
      EdDSA: makeEd25519(),
      Ed448: makeEd448(),
    }).map(async ([name, pair]) => [name, await pair] as const),
  ),
);

function pairOf(name: string): Pair {
  const pair = pairs.get(name);
  if (!pair) throw new Error(`expected a key named ${name}`);
  return pair;
}

const rsa = pairOf("RS256");
const p256 = pairOf("ES256");
const rsaKeys = [jwkOf(rsa)];
const rs = (options: Parameters<typeof signed>[2]) => signed("RS256", rsa.privateKey, options);
const good = rs({});
const [head = "", body = "", tail = ""] = good.split(".");
const text = `${head}.${body}`;
const pem = String(rsa.publicKey.export({ format: "pem", type: "spki" }));
const withTail = (signature: Buffer, start = text) => `${start}.${encode(signature)}`;

/** Signed by the right key, so that only its form can be why it is refused. */
const forms: readonly (readonly [what: string, token: string, reason: string])[] = [
  ...["none", "None", "NONE", "nOnE", "rs256", "RS256 ", "RS1", ""].map(
    (alg) => [`alg ${JSON.stringify(alg)}`, rs({ header: { alg } }), "wrong_algorithm"] as const,
  ),
  ["no alg", rs({ header: { typ: "JWT" } }), "malformed_header"],
  ["a list as alg", rs({ header: { alg: ["RS256"] } }), "malformed_header"],
  ["null as alg", rs({ header: { alg: null } }), "malformed_header"],
  ["alg twice", rs({ header: '{"alg":"none","alg":"RS256"}' }), "malformed_header"],
  ["alg twice, once escaped", rs({ header: '{"\\u0061lg":"none","alg":"RS256"}' }), "malformed_header"],
  ["kid twice", rs({ header: '{"alg":"RS256","kid":"a","kid":"b"}' }), "malformed_header"],
  ["an unknown critical extension", rs({ header: { alg: "RS256", crit: ["x"], x: 1 } }), "unsupported_header"],
  ["an empty crit", rs({ header: { alg: "RS256", crit: [] } }), "unsupported_header"],
  ["crit with a registered name", rs({ header: { alg: "RS256", crit: ["alg"] } }), "unsupported_header"],
  ["crit with an absent name", rs({ header: { alg: "RS256", crit: ["exp"] } }), "unsupported_header"],
  ["crit that is null", rs({ header: { alg: "RS256", crit: null } }), "unsupported_header"],
  ["b64 false (RFC 7797)", rs({ header: { alg: "RS256", b64: false, crit: ["b64"] } }), "unsupported_header"],
  ["b64 true", rs({ header: { alg: "RS256", b64: true, crit: ["b64"] } }), "unsupported_header"],
  ["b64 without crit", rs({ header: { alg: "RS256", b64: false } }), "unsupported_header"],
  ["a nested JWT (cty)", rs({ header: { alg: "RS256", cty: "JWT" }, payload: good }), "unsupported_header"],
  ["a nested JWT without cty", rs({ payload: good }), "malformed_payload"],
  ["compression", rs({ header: { alg: "RS256", zip: "DEF" } }), "unsupported_header"],
  ["an encrypted JWT's enc", rs({ header: { alg: "RS256", enc: "A128GCM" } }), "unsupported_header"],
  ["PBES2 with a huge count", rs({ header: { alg: "PBES2-HS256+A128KW", p2c: 2 ** 31 } }), "unsupported_header"],
  ["a header of over 4 KiB", rs({ header: { alg: "RS256", x: "x".repeat(4000) } }), "malformed_header"],
  ["a payload of over 16 KiB", rs({ payload: { x: "x".repeat(16_000) } }), "too_long"],
  ["a header with a byte order mark", rs({ header: '\ufeff{"alg":"RS256"}' }), "malformed_header"],
  ["a header that is a list", rs({ header: '[{"alg":"RS256"}]' }), "malformed_header"],
  ["a header with a comment", rs({ header: '{"alg":"RS256"/**/}' }), "malformed_header"],
  ["a header and something after it", rs({ header: '{"alg":"RS256"}{}' }), "malformed_header"],
  ["a header in UTF-16", rs({ header: Buffer.from('{"alg":"RS256"}', "utf16le") }), "malformed_header"],
  ["a header in Latin-1", rs({ header: Buffer.from('{"alg":"RS256","x":"é"}', "latin1") }), "malformed_header"],
  ["a payload in Latin-1", rs({ payload: Buffer.from('{"sub":"é"}', "latin1") }), "malformed_payload"],
  [
    "a payload with an overlong form",
    rs({ payload: Buffer.from([...Buffer.from('{"sub":"'), 0xc0, 0xaf, 0x22, 0x7d]) }),
    "malformed_payload",
  ],
  [
    "a payload with half a surrogate pair",
    rs({ payload: Buffer.from([...Buffer.from('{"sub":"'), 0xed, 0xa0, 0x80, 0x22, 0x7d]) }),
    "malformed_payload",
  ],
  ["a claim twice", rs({ payload: '{"sub":"jan","sub":"piet"}' }), "malformed_payload"],
  ["a claim twice inside another", rs({ payload: '{"a":{"b":1,"b":2}}' }), "malformed_payload"],
  ["a payload that is a list", rs({ payload: "[]" }), "malformed_payload"],
  ["a payload that is a text", rs({ payload: '"x"' }), "malformed_payload"],
  ["a payload of 1000 levels", rs({ payload: `${'{"a":'.repeat(1000)}1${"}".repeat(1000)}` }), "malformed_payload"],
  ["padding after the header", `${head}=.${body}.${tail}`, "malformed"],
  ["padding after the payload", `${head}.${body}=.${tail}`, "malformed"],
  ["padding after the signature", `${good}==`, "malformed"],
  [
    "the other base64 alphabet",
    `${head}.${body}.${bytesOf(tail).toString("base64").replace(/=+$/, "+/")}`,
    "malformed",
  ],
  ["white space around it", ` ${good}`, "malformed"],
  ["a line break at its end", `${good}\n`, "malformed"],
  ["a zero byte at its end", `${good}\0`, "malformed"],
  ["a fourth part", `${good}.`, "malformed"],
  ["the five parts of a JWE", `${head}.${body}.${tail}.${tail}.${tail}`, "malformed"],
  ["two parts", text, "malformed"],
  ["an empty signature", `${text}.`, "malformed"],
  ["an empty payload", `${head}..${tail}`, "malformed"],
  ["the JSON serialization", JSON.stringify({ protected: head, payload: body, signature: tail }), "malformed"],
  ["percent-encoding", `${head}%2e${body}%2e${tail}`, "malformed"],
  ["stray bits after the signature's last byte", `${good.slice(0, -1)}${nextLetter(good.at(-1) ?? "")}`, "malformed"],
];

/** In base64url, where the last letter holds bits of no byte: another letter for the same bytes. */
function nextLetter(letter: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return alphabet[alphabet.indexOf(letter) + 1] ?? "";
}

const es = signed("ES256", p256.privateKey);
const esText = es.slice(0, es.lastIndexOf("."));
const esSignature = bytesOf(es.slice(es.lastIndexOf(".") + 1));
const [r, s] = [esSignature.subarray(0, 32), esSignature.subarray(32)];
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const numberOf = (bytes: Buffer) => BigInt(`0x${bytes.toString("hex")}`);
const bytesOfNumber = (number: bigint, length = 32) =>
  Buffer.from(number.toString(16).padStart(length * 2, "0"), "hex");
const zero = Buffer.alloc(32);
const ofEs = (...parts: Buffer[]) => ({
  token: withTail(Buffer.concat(parts), esText),
  algorithm: "ES256",
  keys: [jwkOf(p256)],
});

const ed = signed("EdDSA", pairOf("EdDSA").privateKey);
const edText = ed.slice(0, ed.lastIndexOf("."));
const edSignature = bytesOf(ed.slice(ed.lastIndexOf(".") + 1));
const edOrder = 2n ** 252n + 27742317777372353535851937790883648493n;
const malleable = (() => {
  const number = numberOf(Buffer.from(edSignature.subarray(32)).reverse()) + edOrder;
  return Buffer.concat([edSignature.subarray(0, 32), bytesOfNumber(number).reverse()]);
})();
const ofEd = (signature: Buffer) => ({
  token: withTail(signature, edText),
  algorithm: "EdDSA",
  keys: [jwkOf(pairOf("EdDSA"))],
});

const attacker = pairOf("other");
const attackerJwk = jwkOf(attacker);
const hsText = `${encode({ alg: "HS256" })}.${body}`;
const confused = (secret: string | Buffer) =>
  withTail(signatureOf("HS256", createSecretKey(Buffer.from(secret)), hsText), hsText);
const modulus = bytesOf(String(Object(jwkOf(rsa)).n));
const pssText = `${encode({ alg: "PS256" })}.${body}`;
const pss = (options: object) => withTail(signatureOf("PS256", rsa.privateKey, pssText, options), pssText);

/** Well formed; the signature, or the key that it needs, is why it is refused. */
const signatures: readonly (readonly [what: string, given: Verifiable, reason: string])[] = [
  ...[pem, pem.trim(), rsa.publicKey.export({ format: "der", type: "spki" }), modulus, JSON.stringify(rsaKeys[0])].map(
    (secret, index) =>
      [
        `an HMAC by a public key in form ${index}`,
        { token: confused(secret), algorithm: "RS256", keys: rsaKeys },
        "wrong_algorithm",
      ] as const,
  ),
  ["HS256 where a set has RSA keys alone", { token: confused(pem), algorithm: "HS256", keys: rsaKeys }, "unknown_key"],
  [
    "an HMAC in the place of an RSA signature",
    {
      token: withTail(signatureOf("HS256", createSecretKey(Buffer.from(pem)), text)),
      algorithm: "RS256",
      keys: rsaKeys,
    },
    "bad_signature",
  ],
  ["HS256 by an empty secret", { token: confused("x"), algorithm: "HS256", keys: Buffer.alloc(32) }, "bad_signature"],
  [
    "half an HMAC",
    {
      token: `${hsText}.${encode(signatureOf("HS256", createSecretKey(Buffer.alloc(32)), hsText).subarray(0, 16))}`,
      algorithm: "HS256",
      keys: Buffer.alloc(32),
    },
    "bad_signature",
  ],
  [
    "a key that came with it (jwk)",
    {
      token: signed("RS256", attacker.privateKey, { header: { alg: "RS256", jwk: attackerJwk } }),
      algorithm: "RS256",
      keys: rsaKeys,
    },
    "bad_signature",
  ],
  [
    "a URL of its key (jku, x5u)",
    {
      token: signed("RS256", attacker.privateKey, {
        header: { alg: "RS256", jku: "https://a.example/", x5u: "https://a.example/" },
      }),
      algorithm: "RS256",
      keys: rsaKeys,
    },
    "bad_signature",
  ],
  [
    "a certificate that came with it (x5c)",
    {
      token: signed("RS256", attacker.privateKey, { header: { alg: "RS256", x5c: ["MII="] } }),
      algorithm: "RS256",
      keys: rsaKeys,
    },
    "bad_signature",
  ],
  [
    "another key's kid",
    {
      token: rs({ header: { alg: "RS256", kid: "b" } }),
      algorithm: "RS256",
      keys: [jwkOf(rsa, { kid: "a" }), jwkOf(attacker, { kid: "b" })],
    },
    "bad_signature",
  ],
  [
    "a kid that no key has",
    { token: rs({ header: { alg: "RS256", kid: "__proto__" } }), algorithm: "RS256", keys: [jwkOf(rsa, { kid: "a" })] },
    "unknown_key",
  ],
  [
    "a changed payload",
    { token: `${head}.${encode({ ...claims, sub: "piet" })}.${tail}`, algorithm: "RS256", keys: rsaKeys },
    "bad_signature",
  ],
  [
    "the hash of another algorithm",
    { token: withTail(signatureOf("RS512", rsa.privateKey, text)), algorithm: "RS256", keys: rsaKeys },
    "bad_signature",
  ],
  [
    "SHA-1",
    { token: withTail(sign("sha1", Buffer.from(text), rsa.privateKey)), algorithm: "RS256", keys: rsaKeys },
    "bad_signature",
  ],
  [
    "PSS in the place of PKCS #1",
    { token: withTail(signatureOf("PS256", rsa.privateKey, text)), algorithm: "RS256", keys: rsaKeys },
    "bad_signature",
  ],
  [
    "a zero byte before an RSA signature",
    { token: withTail(Buffer.concat([Buffer.alloc(1), bytesOf(tail)])), algorithm: "RS256", keys: rsaKeys },
    "bad_signature",
  ],
  ["an RSA signature of 0", { token: withTail(Buffer.alloc(256)), algorithm: "RS256", keys: rsaKeys }, "bad_signature"],
  [
    "an RSA signature of 1",
    { token: withTail(bytesOfNumber(1n, 256)), algorithm: "RS256", keys: rsaKeys },
    "bad_signature",
  ],
  [
    "an RSA signature of n - 1",
    { token: withTail(bytesOfNumber(numberOf(modulus) - 1n, 256)), algorithm: "RS256", keys: rsaKeys },
    "bad_signature",
  ],
  [
    "a cut RSA signature",
    { token: withTail(bytesOf(tail).subarray(0, 255)), algorithm: "RS256", keys: rsaKeys },
    "bad_signature",
  ],
  ["PSS without salt", { token: pss({ saltLength: 0 }), algorithm: "PS256", keys: rsaKeys }, "bad_signature"],
  [
    "PSS with the longest salt",
    { token: pss({ saltLength: 222 }), algorithm: "PS256", keys: rsaKeys },
    "bad_signature",
  ],
  [
    "an RSA key of 1024 bits",
    { token: signed("RS256", pairOf("small").privateKey), algorithm: "RS256", keys: [jwkOf(pairOf("small"))] },
    "unknown_key",
  ],
  [
    "DER in the place of r and s",
    {
      token: withTail(sign("sha256", Buffer.from(esText), p256.privateKey), esText),
      algorithm: "ES256",
      keys: [jwkOf(p256)],
    },
    "bad_signature",
  ],
  ["r = 0", ofEs(zero, s), "bad_signature"],
  ["s = 0", ofEs(r, zero), "bad_signature"],
  ["r = s = 0", ofEs(zero, zero), "bad_signature"],
  ["r = n", ofEs(bytesOfNumber(order), s), "bad_signature"],
  ["s = n", ofEs(r, bytesOfNumber(order)), "bad_signature"],
  ["s and r", ofEs(s, r), "bad_signature"],
  ["a cut ECDSA signature", ofEs(r, s.subarray(0, 31)), "bad_signature"],
  ["a zero byte after s", ofEs(r, s, Buffer.alloc(1)), "bad_signature"],
  ["a zero byte before r and s", ofEs(Buffer.alloc(1), r, Buffer.alloc(1), s), "bad_signature"],
  [
    "ES256 by a key on P-384",
    { token: signed("ES256", pairOf("ES384").privateKey), algorithm: "ES256", keys: [jwkOf(pairOf("ES384"))] },
    "unknown_key",
  ],
  [
    "ES384 by a key on P-256",
    { token: signed("ES384", p256.privateKey), algorithm: "ES384", keys: [jwkOf(p256)] },
    "unknown_key",
  ],
  [
    "a key that is published for another algorithm",
    { token: good, algorithm: "RS256", keys: [jwkOf(rsa, { alg: "PS256" })] },
    "unknown_key",
  ],
  [
    "a key that is published for encryption",
    { token: good, algorithm: "RS256", keys: [jwkOf(rsa, { use: "enc" })] },
    "unknown_key",
  ],
  ["S + L in an Ed25519 signature", ofEd(malleable), "bad_signature"],
  ["a cut Ed25519 signature", ofEd(edSignature.subarray(0, 63)), "bad_signature"],
  ["a zero byte after an Ed25519 signature", ofEd(Buffer.concat([edSignature, Buffer.alloc(1)])), "bad_signature"],
  [
    "Ed448 as Ed25519",
    {
      token: signed("EdDSA", pairOf("Ed448").privateKey, { header: { alg: "Ed25519" } }),
      algorithm: "Ed25519",
      keys: [jwkOf(pairOf("Ed448"))],
    },
    "unknown_key",
  ],
  [
    "R and S of the identity, by its key",
    {
      token: withTail(Buffer.concat([bytesOfNumber(1n).reverse(), zero]), edText),
      algorithm: "EdDSA",
      keys: [{ kty: "OKP", crv: "Ed25519", x: encode(bytesOfNumber(1n).reverse()) }],
    },
    "unknown_key",
  ],
  [
    "the same on Ed448",
    {
      token: withTail(Buffer.concat([bytesOfNumber(1n, 57).reverse(), Buffer.alloc(57)]), edText),
      algorithm: "EdDSA",
      keys: [{ kty: "OKP", crv: "Ed448", x: encode(bytesOfNumber(1n, 57).reverse()) }],
    },
    "unknown_key",
  ],
];

/** Near to the ones above, and right. */
const twins: readonly (readonly [what: string, given: Verifiable])[] = [
  ["RS256", { token: good, algorithm: "RS256", keys: rsaKeys }],
  ["PS256", { token: pss({}), algorithm: "PS256", keys: rsaKeys }],
  ["ES256", { token: es, algorithm: "ES256", keys: [jwkOf(p256)] }],
  // RFC 7518 §3.4 asks for no low s, unlike Bitcoin; nothing here depends on there being one signature alone.
  ["ES256 with n - s", ofEs(r, bytesOfNumber(order - numberOf(s)))],
  ["ES384", { token: signed("ES384", pairOf("ES384").privateKey), algorithm: "ES384", keys: [jwkOf(pairOf("ES384"))] }],
  ["ES512", { token: signed("ES512", pairOf("ES512").privateKey), algorithm: "ES512", keys: [jwkOf(pairOf("ES512"))] }],
  ["EdDSA", { token: ed, algorithm: "EdDSA", keys: [jwkOf(pairOf("EdDSA"))] }],
  ["HS256", { token: confused(Buffer.alloc(32, 1)), algorithm: "HS256", keys: Buffer.alloc(32, 1) }],
  [
    "unknown members that are not critical",
    {
      token: rs({ header: { alg: "RS256", x: 1, jku: "https://idp.example.nl/" } }),
      algorithm: "RS256",
      keys: rsaKeys,
    },
  ],
  [
    "a name twice in two objects",
    { token: rs({ payload: { a: { b: 1 }, c: { b: 1 } } }), algorithm: "RS256", keys: rsaKeys },
  ],
  ["names beyond ASCII", { token: rs({ payload: { sub: "é€😀" } }), algorithm: "RS256", keys: rsaKeys }],
  ["white space in its JSON", { token: rs({ header: '{ "alg" :\r\n\t"RS256" }' }), algorithm: "RS256", keys: rsaKeys }],
  ["one of two keys", { token: good, algorithm: "RS256", keys: [attackerJwk, ...rsaKeys] }],
];

describe("a JWS by RFC 7515 to 7518, 8037 and 8725", () => {
  it.each(forms)("is refused with %s", (_what, token, reason) => {
    expect(verify({ token, algorithm: "RS256", keys: rsaKeys })).toBe(reason);
  });

  it.each(signatures)("is refused with %s", (_what, given, reason) => {
    expect(verify(given)).toBe(reason);
  });

  it.each(twins)("is taken with %s, as by jose", async (_what, given) => {
    expect([verify(given), await isTakenByJose(given)]).toEqual(["valid", true]);
  });
});

const ecJwk = jwkOf(p256) as { readonly x: string; readonly y: string };
const edJwk = jwkOf(pairOf("EdDSA")) as { readonly x: string };
const rsaJwk = rsaKeys[0] as { readonly n: string };
const without = (text: string) => encode(bytesOf(text).subarray(1));

describe("a JWK by RFC 7517, 7518 and 8037", () => {
  it.each([
    ["a point that is not on its curve", { ...ecJwk, y: ecJwk.x }],
    ["the point at infinity, as zeros", { ...ecJwk, x: encode(zero), y: encode(zero) }],
    ["one coordinate", { ...ecJwk, y: undefined }],
    ["an empty coordinate", { ...ecJwk, y: "" }],
    ["a coordinate without a byte", { ...ecJwk, x: without(ecJwk.x) }],
    ["a coordinate beyond the field", { ...ecJwk, x: encode(Buffer.alloc(32, 255)) }],
    ["another curve's name", { ...ecJwk, crv: "P-384" }],
    ["OpenSSL's name of its curve", { ...ecJwk, crv: "prime256v1" }],
    ["another kty", { ...ecJwk, kty: "ec" }],
    ["a curve that no algorithm has", { ...ecJwk, crv: "secp256k1" }],
    ["31 bytes on Ed25519", { ...edJwk, x: without(edJwk.x) }],
    ["33 bytes on Ed25519", { ...edJwk, x: encode(Buffer.concat([bytesOf(edJwk.x), Buffer.alloc(1)])) }],
    ["an RSA key without e", { kty: "RSA", n: rsaJwk.n }],
    ["an RSA key with e = 1", { ...rsaJwk, e: "AQ" }],
    ["an RSA key with e = 3", { ...rsaJwk, e: "Aw" }],
    ["an RSA key with an even e", { ...rsaJwk, e: "AQAC" }],
    ["an RSA key of 2040 bits", { ...rsaJwk, n: without(rsaJwk.n) }],
    ["a private key", p256.privateKey.export({ format: "jwk" })],
    ["a symmetric key", { kty: "oct", k: encode(Buffer.alloc(32)) }],
    ["a certificate alone", { kty: "RSA", x5c: ["MII="] }],
  ])("is left out with %s, from a set and from a file", (_what, jwk) => {
    expect(readKeySet({ keys: [jwk] })).toMatchObject({ fingerprints: { size: 0 }, ignored: [expect.any(String)] });
    expect(importWrittenKey(JSON.stringify(jwk)).kind).toBe("ignored");
  });

  // Providers have published these, and each means but one key: it is the signature that decides.
  it.each([
    ["padding", { ...ecJwk, x: `${ecJwk.x}=` }],
    ["the other base64 alphabet", { ...rsaJwk, n: bytesOf(rsaJwk.n).toString("base64") }],
    ["a leading zero byte", { ...rsaJwk, n: encode(Buffer.concat([Buffer.alloc(1), bytesOf(rsaJwk.n)])) }],
  ])("is the same key with %s", (_what, jwk) => {
    const set = readKeySet({ keys: [jwk] });
    expect(set?.fingerprints).toEqual(readKeySet({ keys: ["n" in jwk ? rsaJwk : ecJwk] })?.fingerprints);
  });

  it("is that of its PEM", () => {
    const key = createPublicKey(pem).export({ format: "jwk" });
    expect(readKeySet({ keys: [key] })?.fingerprints).toEqual(readKeySet({ keys: rsaKeys })?.fingerprints);
  });
});
