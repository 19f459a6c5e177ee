import { generateKeyPair, type KeyObject, sign } from "node:crypto";
import { promisify } from "node:util";

const make = promisify(generateKeyPair);

export const text = "what is signed";
export const bytes = Buffer.from(text);

export interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export const makeRsa = (modulusLength = 2048, publicExponent = 0x10001): Promise<Pair> =>
  make("rsa", { modulusLength, publicExponent });
export const makeEc = (namedCurve: string): Promise<Pair> => make("ec", { namedCurve });
export const makeEd25519 = (): Promise<Pair> => make("ed25519");
export const makeEd448 = (): Promise<Pair> => make("ed448");

export const jwkOf = ({ publicKey }: Pair, more: object = {}): object => ({
  ...publicKey.export({ format: "jwk" }),
  ...more,
});

/** ECDSA in the form that JOSE uses. */
export const signEc = ({ privateKey }: Pair, digest: string): Buffer =>
  sign(digest, bytes, { key: privateKey, dsaEncoding: "ieee-p1363" });

/** A number as a JWK has it. */
export function textOf(number: bigint): string {
  const hex = number.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex").toString("base64url");
}

/** A product of two numbers of the form that the faulty library's primes have: k·M + 65537^a, M that of the first 126 primes. */
export function rocaModulus(): bigint {
  const isPrime = (number: number) =>
    !Array.from({ length: number - 2 }, (_, at) => at + 2).some((n) => number % n === 0);
  const primes = Array.from({ length: 700 }, (_, at) => at + 2).filter(isPrime);
  const product = primes.reduce((all, prime) => all * BigInt(prime), 1n);
  const power = (exponent: bigint) => 65537n ** exponent % product;
  return (2n ** 53n * product + power(4711n)) * (2n ** 53n * product + power(815n));
}
