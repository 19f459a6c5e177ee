import { generateKeyPairSync, type KeyObject, randomUUID, sign } from "node:crypto";
import type { World } from "./world.js";

export const algorithms = ["RS256", "ES256", "EdDSA"] as const;

export type Algorithm = (typeof algorithms)[number];

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** New keys of a provider, and the set that it publishes. */
export function makeIssuer() {
  const keys: Readonly<Record<Algorithm, SigningKey>> = {
    RS256: { kid: randomUUID(), ...generateKeyPairSync("rsa", { modulusLength: 2048 }) },
    ES256: { kid: randomUUID(), ...generateKeyPairSync("ec", { namedCurve: "P-256" }) },
    EdDSA: { kid: randomUUID(), ...generateKeyPairSync("ed25519") },
  };
  return { keys, jwks: { keys: algorithms.map((alg) => jwkOf(alg, keys[alg])) } };
}

export function jwkOf(alg: Algorithm, { kid, publicKey }: SigningKey) {
  return { ...publicKey.export({ format: "jwk" }), kid, alg, use: "sig" };
}

/** The digest that Node needs, and the form of the signature. */
export function signatureOptions(algorithm: Algorithm) {
  return { digest: algorithm === "EdDSA" ? null : "sha256", dsaEncoding: "ieee-p1363" } as const;
}

/** Whose claims a token has: 8 as RFC 9068 wants them for a client, or 18 as Keycloak writes them for a person. */
export type Claims = "rfc9068" | "keycloak";

interface TokensOptions {
  readonly count: number;
  /** Of so many subjects in turn. */
  readonly users: number;
  /** Defaults to `keycloak`. */
  readonly claims?: Claims;
}

export function makeAccessTokens(
  algorithm: Algorithm,
  { kid, privateKey }: SigningKey,
  world: World,
  { count, users, claims = "keycloak" }: TokensOptions,
): readonly string[] {
  const { digest, dsaEncoding } = signatureOptions(algorithm);
  const header = encode({ alg: algorithm, typ: claims === "rfc9068" ? "at+jwt" : "JWT", kid });
  return Array.from({ length: count }, (_, index) => {
    const signed = `${header}.${encode(makeClaims[claims](world, index % users))}`;
    const signature = sign(digest, Buffer.from(signed), { key: privateKey, dsaEncoding });
    return `${signed}.${signature.toString("base64url")}`;
  });
}

const makeClaims: Readonly<Record<Claims, (world: World, user: number) => object>> = {
  rfc9068: (world, user) => {
    const client = `taken-client-${user}`;
    return { ...commonClaims(world), sub: client, client_id: client, scope: "openid" };
  },
  keycloak: (world, user) => ({
    ...commonClaims(world),
    sub: `7d6f7a1e-${user}`,
    typ: "Bearer",
    azp: world.audience,
    sid: randomUUID(),
    acr: "1",
    scope: "openid email profile",
    email_verified: true,
    name: "Jan Jansen",
    preferred_username: "jan",
    given_name: "Jan",
    family_name: "Jansen",
    email: "jan@example.nl",
    groups: ["behandelaars", "raadplegers"],
  }),
};

function commonClaims({ issuer, audience }: World) {
  const now = Math.floor(Date.now() / 1000);
  return { exp: now + 36_000, iat: now, jti: randomUUID(), iss: issuer, aud: audience };
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}

/** Text as it comes from a socket: in one piece, and never seen before. */
export function fresh(texts: readonly string[]): readonly string[] {
  return texts.map((text) => Buffer.from(text, "latin1").toString("latin1"));
}
