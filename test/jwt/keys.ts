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
