import { constants, createPublicKey, createSecretKey, generateKeyPair, type KeyObject, sign } from "node:crypto";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { type Algorithm, algorithms } from "../../../src/oidc/jwt/algorithm.js";
import { prepareSignatureCheck } from "../../../src/oidc/jwt/jws.js";
import { importWrittenKey, readKeySet } from "../../../src/oidc/jwt/key-set.js";
import { isText, isTextOrTexts, jsonValues } from "../../support/json-values.js";
import {
  bytes,
  jwkOf,
  makeEc,
  makeEd448,
  makeEd25519,
  makeRsa,
  type Pair,
  rocaModulus,
  signEc,
  text,
  textOf,
} from "./keys.js";

let rsa: Pair;
let p256: Pair;
let p384: Pair;
let ed25519: Pair;

beforeAll(async () => {
  [rsa, p256, p384, ed25519] = await Promise.all([makeRsa(), makeEc("P-256"), makeEc("P-384"), makeEd25519()]);
});

function named(name: string): Algorithm {
  const algorithm = algorithms.get(name);
  if (!algorithm) throw new Error("expected the algorithm to be known");
  return algorithm;
}

function candidates(keys: readonly unknown[], algorithm: string, kid?: string): number {
  return readKeySet({ keys })?.checksFor(named(algorithm), kid).length ?? -1;
}

describe("a key set", () => {
  it("S11 S12 knows algorithms by their exact name, and none is not among them", () => {
    expect(["none", "None", "noNE", "", "rs256", "RS1", "ES256K"].filter((name) => algorithms.has(name))).toEqual([]);
    expect([...algorithms.keys()].sort()).toEqual([
      "ES256",
      "ES384",
      "ES512",
      "Ed25519",
      "EdDSA",
      "HS256",
      "HS384",
      "HS512",
      "PS256",
      "PS384",
      "PS512",
      "RS256",
      "RS384",
      "RS512",
    ]);
  });

  it("S13 offers no key of its own to a symmetric algorithm", () => {
    expect(candidates([jwkOf(rsa), jwkOf(p256)], "HS256")).toBe(0);
    expect(candidates([jwkOf(rsa), jwkOf(p256)], "RS256")).toBe(1);
  });

  it("S14 offers a key only where type, curve, use, key_ops and alg fit", () => {
    expect(candidates([jwkOf(p384)], "ES256")).toBe(0);
    expect(candidates([jwkOf(p256)], "ES256")).toBe(1);
    expect(candidates([jwkOf(rsa, { use: "enc" })], "PS256")).toBe(0);
    expect(candidates([jwkOf(rsa, { use: "sig" })], "PS256")).toBe(1);
    expect(candidates([jwkOf(rsa, { key_ops: ["encrypt"] })], "RS256")).toBe(0);
    expect(candidates([jwkOf(rsa, { key_ops: "verify" })], "RS256")).toBe(0);
    expect(candidates([jwkOf(rsa, { key_ops: ["verify"] })], "RS256")).toBe(1);
    expect(candidates([jwkOf(rsa, { alg: "RS512" })], "RS256")).toBe(0);
    expect(candidates([jwkOf(rsa, { alg: "RS256" })], "RS256")).toBe(1);
    expect(candidates([jwkOf(ed25519, { alg: "Ed25519" })], "EdDSA")).toBe(1);
    expect(candidates([jwkOf(ed25519)], "ES256")).toBe(0);
  });

  it.each(["kid", "alg", "use", "key_ops", "kty", "n", "e"])(
    "F7 S102 leaves out a key whose %s is of another type, and uses the others",
    (name) => {
      const isSound = name === "key_ops" ? isTextOrTexts : isText;
      for (const value of jsonValues.filter((value) => !isSound(value))) {
        const set = readKeySet({ keys: [jwkOf(rsa, { [name]: value }), jwkOf(p256)] });
        expect({ value, ignored: set?.ignored }).toEqual({ value, ignored: ["malformed"] });
        expect(set?.checksFor(named("ES256"), undefined)).toHaveLength(1);
      }
    },
  );

  it.each(jsonValues)("F7 S102 is none where `keys` is no list: %j", (keys) => {
    expect(readKeySet({ keys }) === undefined).toBe(!Array.isArray(keys));
    expect(readKeySet(keys)).toBeUndefined();
  });

  it("F58: does not mention Keycloak's key for encryption beside one for signatures, but does where it is the only one", () => {
    const encryption = jwkOf(rsa, { use: "enc", alg: "RSA-OAEP" });
    expect(readKeySet({ keys: [encryption, jwkOf(p256)] })?.ignored).toEqual([]);
    expect(readKeySet({ keys: [encryption, { kty: "oct" }, jwkOf(p256)] })?.ignored).toEqual(["symmetric"]);
    expect(readKeySet({ keys: [encryption] })?.ignored).toEqual(["other_use"]);
  });

  it("S15 leaves out weak RSA keys, counts them, and uses the others", async () => {
    const [small, exponent3] = await Promise.all([makeRsa(1024), makeRsa(2048, 3)]);
    const set = readKeySet({ keys: [jwkOf(small), jwkOf(exponent3), jwkOf(rsa)] });
    expect(set?.ignored).toEqual(["weak_rsa", "weak_rsa"]);
    expect(set?.fingerprints.size).toBe(1);
  });

  it.each([
    ["one that is below the usual", 65535n, false],
    ["the usual one", 65537n, true],
    ["an even one above the usual", 65538n, false],
    ["the next odd one", 65539n, true],
    ["the last odd one of 32 bits", 2n ** 32n - 1n, true],
    ["F12 one of 33 bits", 2n ** 32n + 1n, false],
    ["F12 one of 64 bits", 2n ** 64n - 1n, false],
    ["F12 one of 3064 bits, by which a check would take a thousand times as long", 2n ** 3064n - 1n, false],
  ])(
    "S15 uses an RSA key only with a public exponent that is odd and neither small nor long: %s",
    (_what, e, isUsed) => {
      const odd = jwkOf(rsa, { e: textOf(e) });
      const set = readKeySet({ keys: [odd, jwkOf(p256)] });
      expect(set?.ignored).toEqual(isUsed ? [] : ["weak_rsa"]);
      expect(set?.checksFor(named("RS256"), undefined)).toHaveLength(isUsed ? 1 : 0);
      expect(set?.checksFor(named("ES256"), undefined)).toHaveLength(1);
    },
  );

  it.each([
    [2047, false],
    [2048, true],
    [16_384, true],
    [16_385, false],
  ])("S15 uses an RSA key of 2048 to 16384 bits: %i bits, %j", (bits, isUsed) => {
    // Its factors are not checked: it is accepted as a key.
    const n = 2n ** BigInt(bits - 1) + 12_345n;
    const set = readKeySet({ keys: [{ kty: "RSA", n: textOf(n), e: "AQAB" }] });
    expect(set?.ignored).toEqual(isUsed ? [] : ["weak_rsa"]);
    expect(set?.fingerprints.size).toBe(isUsed ? 1 : 0);
  });

  it("F12 leaves out an RSA key of the library whose factors can be found (ROCA), in a set, in PEM and as RSA-PSS", async () => {
    const roca = createPublicKey({ key: { kty: "RSA", n: textOf(rocaModulus()), e: "AQAB" }, format: "jwk" });
    const pss = await promisify(generateKeyPair)("rsa-pss", { modulusLength: 2048 });
    const set = readKeySet({ keys: [roca.export({ format: "jwk" }), jwkOf(rsa)] });
    expect(set?.ignored).toEqual(["roca_rsa"]);
    expect(set?.checksFor(named("RS256"), undefined)).toHaveLength(1);
    const written = (key: KeyObject) => importWrittenKey(String(key.export({ format: "pem", type: "spki" })));
    expect(written(roca)).toEqual({ kind: "ignored", reason: "roca_rsa" });
    expect(written(rsa.publicKey)).toMatchObject({ kind: "usable" });
    expect(written(pss.publicKey)).toMatchObject({ kind: "usable" });
    const [neighbour, longer] = [rocaModulus() + 2n, 2n ** 3000n + rocaModulus()];
    for (const n of [neighbour, longer]) {
      expect(readKeySet({ keys: [{ kty: "RSA", n: textOf(n), e: "AQAB" }] })?.ignored).toEqual([]);
    }
  });

  it.each([
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  ])("S16 leaves out an Ed25519 key of small order, whatever its sign: %s", (point) => {
    const positive = Buffer.from(point, "hex");
    const negative = Buffer.from(positive);
    negative[31] = (negative[31] ?? 0) | 0x80;
    const keys = [positive, negative].map((x) => ({ kty: "OKP", crv: "Ed25519", x: x.toString("base64url") }));
    expect(readKeySet({ keys: [...keys, jwkOf(ed25519)] })).toMatchObject({
      ignored: ["weak_point", "weak_point"],
      fingerprints: { size: 1 },
    });
  });

  it.each([
    ["0", "00".repeat(56)],
    ["1", `01${"00".repeat(55)}`],
    ["-1", `fe${"ff".repeat(27)}fe${"ff".repeat(27)}`],
    ["0, written as p", `${"ff".repeat(28)}fe${"ff".repeat(27)}`],
    ["1, written as p + 1", `${"00".repeat(28)}${"ff".repeat(28)}`],
  ])("S16 leaves out an Ed448 key of small order, whatever its sign: y is %s", async (_what, y) => {
    const keys = ["00", "80"].map((sign) => ({
      ...{ kty: "OKP", crv: "Ed448" },
      x: Buffer.from(y + sign, "hex").toString("base64url"),
    }));
    expect(readKeySet({ keys: [...keys, jwkOf(await makeEd448())] })).toMatchObject({
      ignored: ["weak_point", "weak_point"],
      fingerprints: { size: 1 },
    });
  });

  it("S52 leaves out symmetric keys and keys with private members", () => {
    const secret = { kty: "oct", k: "c2VjcmV0" };
    const whole = rsa.privateKey.export({ format: "jwk" });
    expect(readKeySet({ keys: [secret, whole, jwkOf(rsa)] })).toMatchObject({
      ignored: ["symmetric", "private"],
      fingerprints: { size: 1 },
    });
  });

  it("leaves out what is no key, and refuses what is no set", () => {
    const keys = [
      null,
      1,
      {},
      { kty: "RSA" },
      { kty: "EC", crv: "secp256k1", x: "AA", y: "AA" },
      jwkOf(rsa, { kid: 1 }),
    ];
    expect(readKeySet({ keys })?.ignored).toEqual(Array(6).fill("malformed"));
    for (const document of [undefined, null, [], {}, { keys: {} }]) expect(readKeySet(document)).toBeUndefined();
  });

  it("S45 refuses more than 100 keys", () => {
    const many = (count: number) => ({ keys: Array(count).fill({}) });
    expect(readKeySet(many(100))?.ignored).toHaveLength(100);
    expect(readKeySet(many(101))).toBeUndefined();
  });

  it("S19 finds a key by its name alone, whatever that is", () => {
    const keys = [jwkOf(rsa, { kid: "__proto__" }), jwkOf(rsa, { kid: "b" })];
    expect(candidates(keys, "RS256", "__proto__")).toBe(1);
    expect(candidates(keys, "RS256", "constructor")).toBe(0);
    expect(candidates(keys, "RS256", "../b")).toBe(0);
  });

  it("S20 offers a token without a kid at most 4 keys", () => {
    const of = (count: number) => Array.from({ length: count }, (_, index) => jwkOf(rsa, { kid: String(index) }));
    expect(candidates([...of(1), jwkOf(p256)], "RS256")).toBe(1);
    expect(candidates(of(4), "RS256")).toBe(4);
    expect(candidates(of(5), "RS256")).toBe(0);
    const alike = Array.from({ length: 5 }, () => jwkOf(rsa, { kid: "same" }));
    expect(candidates(alike.slice(0, 4), "RS256", "same")).toBe(4);
    expect(candidates(alike, "RS256", "same")).toBe(4);
  });
});

describe("a signature", () => {
  const check = (pair: Pair, algorithm: string) => prepareSignatureCheck(pair.publicKey, named(algorithm));

  it.each(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])(
    "of %s is accepted, and a changed one is not",
    (name) => {
      const isPss = name.startsWith("PS");
      const padding = isPss ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
      const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
      const good = sign(`sha${name.slice(2)}`, bytes, { key: rsa.privateKey, padding, ...(isPss && { saltLength }) });
      expect(check(rsa, name)(text, good)).toBe(true);
      expect(check(rsa, name)("something else", good)).toBe(false);
      expect(check(rsa, name)(text, good.subarray(1))).toBe(false);
      expect(check(rsa, isPss ? `RS${name.slice(2)}` : `PS${name.slice(2)}`)(text, good)).toBe(false);
    },
  );

  it("S16 of RSA has its leading zeros", () => {
    const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants;
    const signAgain = () => sign("sha256", bytes, { key: rsa.privateKey, padding, saltLength });
    let signature = signAgain();
    // One in 256 begins with one.
    while (signature[0] !== 0) signature = signAgain();
    expect(check(rsa, "PS256")(text, signature)).toBe(true);
    expect(check(rsa, "PS256")(text, signature.subarray(1))).toBe(false);
  });

  it("S16 of ECDSA has r and s in their full length, and neither is 0 or beyond the order", () => {
    const good = signEc(p256, "sha256");
    const verify = check(p256, "ES256");
    const order = Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex");
    const [r, s] = [good.subarray(0, 32), good.subarray(32)];
    expect(verify(text, good)).toBe(true);
    const zero = Buffer.alloc(32);
    for (const parts of [[zero, s], [r, zero], [zero, zero], [order, s], [r, order], [r], [r, s, zero]]) {
      expect(verify(text, Buffer.concat(parts))).toBe(false);
    }
    expect(verify(text, sign("sha256", bytes, p256.privateKey))).toBe(false);
  });

  it.each(["P-384 ES384 sha384", "P-521 ES512 sha512"])(
    "S16 of ECDSA on %s is accepted in its own form only",
    async (names) => {
      const [curve = "", name = "", digest = ""] = names.split(" ");
      const pair = await makeEc(curve);
      expect(check(pair, name)(text, signEc(pair, digest))).toBe(true);
      expect(check(pair, name)(text, sign(digest, bytes, pair.privateKey))).toBe(false);
    },
  );

  it("S16 of EdDSA is refused with an S beyond the order", async () => {
    const good = sign(null, bytes, ed25519.privateKey);
    const verify = check(ed25519, "EdDSA");
    expect(verify(text, good)).toBe(true);
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const s = BigInt(`0x${Buffer.from(good.subarray(32)).reverse().toString("hex")}`) + order;
    const shifted = Buffer.from(s.toString(16).padStart(64, "0"), "hex").reverse();
    expect(verify(text, Buffer.concat([good.subarray(0, 32), shifted]))).toBe(false);
    const other = await makeEd448();
    expect(check(other, "EdDSA")(text, sign(null, bytes, other.privateKey))).toBe(true);
    expect(verify(text, Buffer.alloc(0))).toBe(false);
  });

  it("of HMAC is compared whole", () => {
    const verify = prepareSignatureCheck(createSecretKey(Buffer.from("k")), named("HS256"));
    expect(verify(text, Buffer.alloc(31))).toBe(false);
    expect(verify(text, Buffer.alloc(32))).toBe(false);
  });
});

describe("a key that an operator wrote", () => {
  it("is a public key in PEM or a JWK, never a private one", () => {
    const pem = String(rsa.publicKey.export({ format: "pem", type: "spki" }));
    const privatePem = String(rsa.privateKey.export({ format: "pem", type: "pkcs8" }));
    expect(importWrittenKey(`\n${pem}`)).toMatchObject({ kind: "usable" });
    expect(importWrittenKey(JSON.stringify(jwkOf(p256)))).toMatchObject({ kind: "usable" });
    expect(importWrittenKey(privatePem)).toEqual({ kind: "ignored", reason: "private" });
    expect(importWrittenKey("key")).toEqual({ kind: "ignored", reason: "malformed" });
    expect(importWrittenKey("{")).toEqual({ kind: "ignored", reason: "malformed" });
  });
});
