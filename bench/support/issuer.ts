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

/** The digest that Node has to be told of, and the form of the signature. */
export function signatureOptions(algorithm: Algorithm) {
  return { digest: algorithm === "EdDSA" ? null : "sha256", dsaEncoding: "ieee-p1363" } as const;
}

/** Access tokens with claims as Keycloak writes them, of so many users in turn. */
export function makeAccessTokens(
  algorithm: Algorithm,
  { kid, privateKey }: SigningKey,
  { issuer, audience }: World,
  { count, users }: { readonly count: number; readonly users: number },
): readonly string[] {
  const { digest, dsaEncoding } = signatureOptions(algorithm);
  const header = encode({ alg: algorithm, typ: "JWT", kid });
  const now = Math.floor(Date.now() / 1000);
  return Array.from({ length: count }, (_, index) => {
    const claims = {
      ...{
        exp: now + 36_000,
        iat: now,
        jti: randomUUID(),
        iss: issuer,
        aud: audience,
        sub: `7d6f7a1e-${index % users}`,
      },
      ...{ typ: "Bearer", azp: audience, sid: randomUUID(), acr: "1", scope: "openid email profile" },
      ...{ email_verified: true, name: "Jan Jansen", preferred_username: "jan", given_name: "Jan" },
      ...{ family_name: "Jansen", email: "jan@example.nl", groups: ["behandelaars", "raadplegers"] },
    };
    const signed = `${header}.${encode(claims)}`;
    const signature = sign(digest, Buffer.from(signed), { key: privateKey, dsaEncoding });
    return `${signed}.${signature.toString("base64url")}`;
  });
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}

/** Text as it comes from a socket: in one piece, and never seen before. */
export function fresh(texts: readonly string[]): readonly string[] {
  return texts.map((text) => Buffer.from(text, "latin1").toString("latin1"));
}
