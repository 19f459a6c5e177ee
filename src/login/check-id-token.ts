import { createHash } from "node:crypto";
import { quoteForeign } from "../oidc/foreign-text.js";
import { type Algorithm, isSymmetric } from "../oidc/jwt/algorithm.js";
import { checkTimes, isSeconds, readAudience } from "../oidc/jwt/claims.js";
import type { JsonObject } from "../oidc/jwt/json-object.js";
import { createJwsParser } from "../oidc/jwt/jws.js";
import { checkSignature } from "../oidc/provider-keys.js";
import { kindOf } from "../users/claim-values.js";
import { type ExternalIdentity, readExternalIdentity } from "../users/external-identity.js";
import { isSameText } from "./cookies.js";
import { type LoginClient, type LoginRejection, reject } from "./login-client.js";
import type { LoginState } from "./login-state.js";
import type { Tokens } from "./openid-client.js";
import type { ReasonOf } from "./rejection-reasons.js";

export interface VerifiedIdToken {
  readonly kind: "verified";
  readonly identity: ExternalIdentity;
  readonly claims: JsonObject;
  /** When the user signed in at the provider (`auth_time`), and not after now. Undefined if the token does not say so. */
  readonly authenticatedAtMs: number | undefined;
}

export interface IdTokenExpectations {
  readonly tokens: Tokens;
  readonly code: string;
  /** What was sent. A null nonce was not sent: then the token must have none. */
  readonly loginState: Pick<LoginState, "nonce" | "prompt" | "maxAgeSeconds" | "startedAtMs">;
  readonly now: () => number;
  /** The maximum clock skew. */
  readonly leewaySeconds: number;
}

/** Verifies an ID token (OpenID Connect Core §3.1.3.7, RFC 8725): the signature before any of its claims. */
export async function verifyIdToken(
  client: LoginClient,
  expected: IdTokenExpectations,
): Promise<VerifiedIdToken | LoginRejection> {
  const { access, provider } = client;
  const text = expected.tokens.idToken.reveal();
  const jws = createJwsParser()(text);
  if (jws.kind === "rejected") {
    const found = `${text.length} characters in ${text.split(".").length} part(s)`;
    return unverified(jws.reason, found, "a signed JWT in three parts of at most 16 KiB");
  }
  const { header, claims } = jws;
  if (header.alg !== access.algorithm.name) {
    return unverified("wrong_algorithm", quoteForeign(header.alg), access.algorithm.name);
  }
  if (header.typ !== undefined && header.typ.toUpperCase() !== "JWT") {
    return unverified("wrong_type", `the header's \`typ\` ${quoteForeign(header.typ)}`, "JWT");
  }
  const signature = await checkSignature(jws, access.algorithm, access.keys, expected.now);
  if (signature.kind === "unavailable") {
    return reject("provider_unavailable", signature.reason, {
      found: `no keys of ${client.provider.jwksEndpoint}`,
    });
  }
  if (signature.kind === "rejected") {
    return unverified(signature.reason, `key id ${quoteForeign(header.kid)}`, signersOf(client));
  }
  const { iss } = claims;
  if (typeof iss !== "string" || iss === "" || (provider.issuer !== null && iss !== provider.issuer)) {
    return unverified("wrong_issuer", quoteForeign(iss), provider.issuer ?? "an issuer");
  }
  const wrong = checkClaims(claims, client, expected);
  if (wrong) return wrong;
  const authentication = checkAuthTime(claims.auth_time, expected);
  if (authentication.kind === "rejected") return authentication;
  const { authenticatedAtMs } = authentication;
  const identity = readExternalIdentity(iss, claims);
  // A client can't sign in with a browser.
  if (identity && !identity.isClient) return { kind: "verified", identity, claims, authenticatedAtMs };
  return unverified("subject_invalid", identity ? "a client" : `\`sub\` is ${kindOf(claims.sub)}`, "a user's `sub`");
}

function checkClaims(
  claims: JsonObject,
  client: LoginClient,
  expected: IdTokenExpectations,
): LoginRejection | undefined {
  const { algorithm } = client.access;
  // Keycloak sets it in all its tokens.
  if (claims.typ !== undefined && claims.typ !== "ID") {
    return unverified("wrong_type", `\`typ\` ${quoteForeign(claims.typ)}`, "ID");
  }
  const { client_id: clientId } = client.row;
  if (!matchesAudience(clientId, claims)) {
    return unverified(
      "wrong_audience",
      `\`aud\` ${quoteForeign(claims.aud)}, \`azp\` ${quoteForeign(claims.azp)}`,
      clientId,
    );
  }
  const nowMs = expected.now();
  const timeReason = checkTimes(claims, nowMs, expected.leewaySeconds);
  // No maximum age is set here.
  const reason = timeReason === "too_old" || claims.iat === undefined ? "malformed_time" : timeReason;
  if (reason) return unverified(reason, timesOf(claims), `valid at ${new Date(nowMs).toISOString()}`);
  const { nonce } = expected.loginState;
  if (!hasNonce(claims.nonce, nonce)) {
    const sent = nonce === null ? "none, because `oidc_use_nonce` is false" : "the nonce of the request";
    return unverified("wrong_nonce", claims.nonce === undefined ? "none" : "another nonce", sent);
  }
  if (!isHalfHash(claims.at_hash, expected.tokens.accessToken.reveal(), algorithm)) {
    return reject("identity_unverified", "wrong_at_hash");
  }
  return isHalfHash(claims.c_hash, expected.code, algorithm)
    ? undefined
    : reject("identity_unverified", "wrong_c_hash");
}

interface Authentication {
  readonly kind: "authentication";
  readonly authenticatedAtMs: number | undefined;
}

/**
 * When the user signed in at the provider (OpenID Connect Core §3.1.3.7, point 13). If the login asked for a sign-in now or not too
 * long ago, the token must prove it; otherwise, a time that can't be right counts as none.
 */
function checkAuthTime(authTime: unknown, expected: IdTokenExpectations): Authentication | LoginRejection {
  const { loginState, leewaySeconds } = expected;
  const { prompt, maxAgeSeconds, startedAtMs } = loginState;
  const nowMs = expected.now();
  const isRequired = prompt === "login" || maxAgeSeconds !== undefined;
  const isValid = isSeconds(authTime);
  const isFuture = isValid && nowMs / 1000 < authTime - leewaySeconds;
  if (!isRequired) {
    const isKnown = isValid && !isFuture;
    return { kind: "authentication", authenticatedAtMs: isKnown ? Math.min(authTime * 1000, nowMs) : undefined };
  }
  if (authTime === undefined) return notFresh("auth_time_missing", "no `auth_time`", "a number of seconds");
  if (!isValid) {
    return notFresh("auth_time_malformed", `\`auth_time\` is ${kindOf(authTime)}`, "a number of seconds");
  }
  const found = `\`auth_time\` ${new Date(authTime * 1000).toISOString()}`;
  if (isFuture) return notFresh("auth_time_in_future", found, `not after ${new Date(nowMs).toISOString()}`);
  // `auth_time` may have no fraction, so the second in which the login began counts.
  const startedAt = Math.floor(startedAtMs / 1000);
  if (prompt === "login" && authTime + leewaySeconds < startedAt) {
    return notFresh("before_prompt", found, `after the login began, at ${new Date(startedAtMs).toISOString()}`);
  }
  if (maxAgeSeconds !== undefined && nowMs / 1000 >= authTime + maxAgeSeconds + leewaySeconds) {
    return notFresh("too_long_ago", found, `less than ${maxAgeSeconds} s before ${new Date(nowMs).toISOString()}`);
  }
  return { kind: "authentication", authenticatedAtMs: Math.min(authTime * 1000, nowMs) };
}

function notFresh(reason: ReasonOf<"sign_in_not_fresh">, found: string, expected: string): LoginRejection {
  return reject("sign_in_not_fresh", reason, { found, expected });
}

/** The source of the keys for a signature. */
function signersOf({ row, access, provider }: LoginClient): string {
  if (isSymmetric(access.algorithm)) return "the client's secret";
  return row.sign_key === null ? `a key of ${provider.jwksEndpoint}` : "`oidc_rp_idp_sign_key`";
}

function timesOf({ exp, nbf, iat }: JsonObject): string {
  const show = (time: unknown) => (isSeconds(time) ? new Date(time * 1000).toISOString() : quoteForeign(time, 40));
  return `iat ${show(iat)}, nbf ${show(nbf)}, exp ${show(exp)}`;
}

/** The client must be in the audience; among others, it must also be the authorized party. */
function matchesAudience(clientId: string, claims: JsonObject): boolean {
  const audience = readAudience(claims) ?? [];
  const { azp } = claims;
  if (!audience.includes(clientId)) return false;
  return azp === undefined ? audience.length === 1 : azp === clientId;
}

function hasNonce(claim: unknown, sent: string | null): boolean {
  return sent === null ? claim === undefined : typeof claim === "string" && isSameText(claim, sent);
}

/** OpenID Connect Core §3.1.3.6: the first half of a hash by the signature's own digest. It is optional. */
function isHalfHash(claim: unknown, text: string, { digest }: Algorithm): boolean {
  if (claim === undefined) return true;
  // Ed25519 hashes with SHA-512.
  const hash = createHash(digest ?? "sha512")
    .update(text)
    .digest();
  const half = hash.subarray(0, hash.length / 2).toString("base64url");
  return typeof claim === "string" && isSameText(claim, half);
}

function unverified(reason: ReasonOf<"identity_unverified">, found: string, expected: string): LoginRejection {
  return reject("identity_unverified", reason, { found, expected });
}
