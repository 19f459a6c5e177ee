import type { KeyObject } from "node:crypto";

// Every RSA key in use has 65537; below it stand the exponents with a history of attacks.
const smallestExponent = 65537n;
const rsaBits = { least: 2048, most: 16384 } as const;

/** The points of Ed25519 whose order is small, without their sign: under them anything can be signed. */
const smallOrderPoints: ReadonlySet<string> = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

/** Why a public key must not be trusted, in a word; undefined for one that is strong enough. */
export function keyWeakness(key: KeyObject): "weak_rsa" | "weak_point" | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === "rsa" || type === "rsa-pss") {
    const { modulusLength = 0, publicExponent = 0n } = details ?? {};
    const isStrong =
      modulusLength >= rsaBits.least &&
      modulusLength <= rsaBits.most &&
      publicExponent >= smallestExponent &&
      publicExponent % 2n === 1n;
    return isStrong ? undefined : "weak_rsa";
  }
  return type === "ed25519" && hasSmallOrder(key) ? "weak_point" : undefined;
}

function hasSmallOrder(key: KeyObject): boolean {
  const point = Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url");
  const last = point.length - 1;
  point[last] = (point[last] ?? 0) & 0x7f;
  return smallOrderPoints.has(point.toString("hex"));
}
