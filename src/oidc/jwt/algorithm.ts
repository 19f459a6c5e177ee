import type { KeyObject } from "node:crypto";

/** The names of all supported algorithms, as in files; `none` is not among them. */
export const algorithmNames = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
  "HS256",
  "HS384",
  "HS512",
] as const;

/** A signature algorithm of RFC 7518 or RFC 8037, and the keys that fit it. */
export interface Algorithm {
  readonly name: (typeof algorithmNames)[number];
  /** Node's name of the digest; null where the algorithm includes its own. */
  readonly digest: string | null;
  readonly padding?: "pss";
  /** Node's names of the key types. */
  readonly keyTypes: readonly string[];
  /** Node's name of an elliptic curve. */
  readonly curve?: string;
  /** Length of the signature, if it is the same for every key. */
  readonly signatureBytes?: number;
}

const edwards = { digest: null, keyTypes: ["ed25519", "ed448"] } as const;

const all: readonly Algorithm[] = [
  ...([256, 384, 512] as const).flatMap((bits): readonly Algorithm[] => [
    { name: `RS${bits}`, digest: `sha${bits}`, keyTypes: ["rsa"] },
    { name: `PS${bits}`, digest: `sha${bits}`, keyTypes: ["rsa", "rsa-pss"], padding: "pss" },
    { name: `HS${bits}`, digest: `sha${bits}`, keyTypes: ["secret"], signatureBytes: bits / 8 },
  ]),
  { name: "ES256", digest: "sha256", keyTypes: ["ec"], curve: "prime256v1", signatureBytes: 64 },
  { name: "ES384", digest: "sha384", keyTypes: ["ec"], curve: "secp384r1", signatureBytes: 96 },
  { name: "ES512", digest: "sha512", keyTypes: ["ec"], curve: "secp521r1", signatureBytes: 132 },
  { name: "EdDSA", ...edwards },
  { name: "Ed25519", digest: null, keyTypes: ["ed25519"] },
];

/** Every supported algorithm, by its exact name. */
export const algorithms: ReadonlyMap<string, Algorithm> = new Map(all.map((algorithm) => [algorithm.name, algorithm]));

export function isSymmetric({ keyTypes }: Algorithm): boolean {
  return keyTypes.includes("secret");
}

/** The minimum length of a client's secret that checks signatures: that of the hash (RFC 7518 §3.2). 0 for other algorithms. */
export function minSecretBytes(algorithm: Algorithm): number {
  return isSymmetric(algorithm) ? (algorithm.signatureBytes ?? 0) : 0;
}

/** Whether a key has the type and curve that an algorithm needs. */
export function suits(key: KeyObject, { keyTypes, curve }: Algorithm): boolean {
  const type = key.type === "secret" ? "secret" : key.asymmetricKeyType;
  if (type === undefined || !keyTypes.includes(type)) return false;
  return curve === undefined || key.asymmetricKeyDetails?.namedCurve === curve;
}
