import { createHash } from "node:crypto";
import { type Person, readPerson } from "../identity/person.js";
import type { Algorithm } from "../jwt/algorithm.js";
import { readAudience } from "../jwt/audience.js";
import { createJwsParser } from "../jwt/compact-jws.js";
import type { JsonObject } from "../jwt/json-object.js";
import { checkTimes } from "../jwt/times.js";
import { checkSignature } from "../provider/check-signature.js";
import { fault, type LoginClient, type LoginFault } from "./login-client.js";
import type { Tokens } from "./request-tokens.js";
import { isSameText } from "./seals.js";

export interface VerifiedIdToken {
  readonly kind: "verified";
  readonly person: Person;
  readonly claims: JsonObject;
}

export interface IdTokenExpectations {
  readonly tokens: Tokens;
  readonly code: string;
  /** Null where none was sent: then there must be none. */
  readonly nonce: string | null;
  readonly now: () => number;
}

const leewaySeconds = 30;

/** Checks an ID token (OpenID Connect Core §3.1.3.7, RFC 8725): the signature before anything that it says. */
export async function checkIdToken(
  client: LoginClient,
  expected: IdTokenExpectations,
): Promise<VerifiedIdToken | LoginFault> {
  const { access, provider } = client;
  const jws = createJwsParser()(expected.tokens.idToken.reveal());
  if (jws.kind === "fault") return unverified(jws.reason);
  const { header, claims } = jws;
  if (header.alg !== access.algorithm.name) return unverified("wrong_algorithm");
  if (header.typ !== undefined && header.typ.toUpperCase() !== "JWT") return unverified("wrong_type");
  const signature = await checkSignature(jws, access.algorithm, access.keys, expected.now);
  if (signature.kind === "unavailable") return fault("provider_unavailable", signature.reason);
  if (signature.kind === "refused") return unverified(signature.reason);
  const { iss } = claims;
  if (typeof iss !== "string" || iss === "" || (provider.issuer !== null && iss !== provider.issuer)) {
    return unverified("wrong_issuer");
  }
  const wrong = faultOf(claims, client, expected);
  if (wrong !== undefined) return unverified(wrong);
  const person = readPerson(iss, claims);
  // A client has no browser to come with.
  return person && !person.isClient ? { kind: "verified", person, claims } : unverified("subject_invalid");
}

function faultOf(claims: JsonObject, client: LoginClient, expected: IdTokenExpectations): string | undefined {
  const { algorithm } = client.access;
  // Keycloak says so of all its tokens.
  if (claims.typ !== undefined && claims.typ !== "ID") return "wrong_type";
  if (!isMeantFor(client.row.client_id, claims)) return "wrong_audience";
  const timeFault = checkTimes(claims, expected.now(), leewaySeconds);
  if (timeFault) return timeFault;
  if (claims.iat === undefined) return "malformed_time";
  if (!hasNonce(claims.nonce, expected.nonce)) return "wrong_nonce";
  if (!isHalfHash(claims.at_hash, expected.tokens.accessToken.reveal(), algorithm)) return "wrong_at_hash";
  return isHalfHash(claims.c_hash, expected.code, algorithm) ? undefined : "wrong_c_hash";
}

/** The client must be named; among others, it must also be the one that the token was made for. */
function isMeantFor(clientId: string, claims: JsonObject): boolean {
  const audience = readAudience(claims) ?? [];
  const { azp } = claims;
  if (!audience.includes(clientId)) return false;
  return azp === undefined ? audience.length === 1 : azp === clientId;
}

function hasNonce(claim: unknown, sent: string | null): boolean {
  return sent === null ? claim === undefined : typeof claim === "string" && isSameText(claim, sent);
}

/** OpenID Connect Core §3.1.3.6: the first half of a hash by the signature's own digest. It may be left out. */
function isHalfHash(claim: unknown, text: string, { digest }: Algorithm): boolean {
  if (claim === undefined) return true;
  // Ed25519 hashes with SHA-512.
  const hash = createHash(digest ?? "sha512")
    .update(text)
    .digest();
  const half = hash.subarray(0, hash.length / 2).toString("base64url");
  return typeof claim === "string" && isSameText(claim, half);
}

function unverified(reason: string): LoginFault {
  return fault("identity_unverified", reason);
}
