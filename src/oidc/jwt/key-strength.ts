import type { KeyObject } from "node:crypto";

// Every RSA key in use has 65537; smaller exponents have a history of attacks. The time of a check grows with the exponent, and
// many programs misread one over 32 bits.
const exponents = { min: 65537n, max: 0xffff_ffffn } as const;
const rsaBits = { min: 2048, max: 16384 } as const;

/** The points of Ed25519 and Ed448 with a small order, without their sign: anyone can sign anything for them. */
const smallOrderPoints: ReadonlySet<string> = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "00".repeat(57),
  `01${"00".repeat(56)}`,
  `fe${"ff".repeat(27)}fe${"ff".repeat(27)}00`,
  `${"ff".repeat(28)}fe${"ff".repeat(27)}00`,
  `${"00".repeat(28)}${"ff".repeat(28)}00`,
]);

export type KeyWeakness = "weak_rsa" | "roca_rsa" | "weak_point";

/** Why a public key must not be trusted; undefined for one that is strong enough. */
export function keyWeakness(key: KeyObject): KeyWeakness | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === "rsa" || type === "rsa-pss") {
    const { modulusLength = 0, publicExponent = 0n } = details ?? {};
    const isStrong =
      modulusLength >= rsaBits.min &&
      modulusLength <= rsaBits.max &&
      publicExponent >= exponents.min &&
      publicExponent <= exponents.max &&
      publicExponent % 2n === 1n;
    if (!isStrong) return "weak_rsa";
    return isOfRoca(modulusOf(key, modulusLength, publicExponent)) ? "roca_rsa" : undefined;
  }
  return (type === "ed25519" || type === "ed448") && hasSmallOrder(key) ? "weak_point" : undefined;
}

function hasSmallOrder(key: KeyObject): boolean {
  const point = Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url");
  const last = point.length - 1;
  point[last] = (point[last] ?? 0) & 0x7f;
  return smallOrderPoints.has(point.toString("hex"));
}

/** The last two numbers of an RSA public key in DER, for any algorithm, are modulus and exponent (RFC 8017 A.1.1). */
function modulusOf(key: KeyObject, bits: number, exponent: bigint): bigint {
  const der = key.export({ format: "der", type: "spki" });
  // Each has its type and length before it, and a zero byte before a number whose first bit is set.
  const exponentBytes = 2 + Math.floor(exponent.toString(2).length / 8) + 1;
  const end = der.length - exponentBytes;
  return BigInt(`0x${der.toString("hex", end - Math.ceil(bits / 8), end)}`);
}

// The faulty library creates keys of 2048 bits and more with the product of the primes up to this one.
const lastPrime = 701;

/**
 * Whether a modulus comes from the library whose factors can be found (CVE-2017-15361): modulo each of these primes, it equals a
 * power of 65537, as another modulus does once in 10^50. The first few primes rule out most other moduli.
 */
function isOfRoca(modulus: bigint): boolean {
  for (let number = 2; number <= lastPrime; number += 1) {
    if (isPrime(number) && !isPowerOf65537(Number(modulus % BigInt(number)), number)) return false;
  }
  return true;
}

function isPowerOf65537(remainder: number, prime: number): boolean {
  let power = 1;
  do {
    if (power === remainder) return true;
    power = (power * 65537) % prime;
  } while (power !== 1);
  return false;
}

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor += 1) if (number % divisor === 0) return false;
  return true;
}
