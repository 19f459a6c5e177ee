import type { OidcClient } from "../../oidc/client.js";
import { readAudience } from "../../oidc/jwt/claims.js";
import { isOptionalText, isOptionalTexts, type JsonObject } from "../../oidc/jwt/json-object.js";
import type { CompactJws } from "../../oidc/jwt/jws.js";
import { actsAsClient } from "../../users/external-identity.js";
import type { AccessTokenReason, OtherTokenReason } from "../reasons.js";

const accessTypes: ReadonlySet<string> = new Set(["at+jwt", "application/at+jwt"]);
// Keycloak's other tokens, by their claims.
const otherTypes: ReadonlyMap<unknown, OtherTokenReason> = new Map([
  ["ID", "id_token"],
  ["Logout", "id_token"],
  ["Refresh", "refresh_token"],
  ["Offline", "refresh_token"],
  ["DPoP", "proof_of_possession"],
]);
// Other tokens of Amazon Cognito, and of Hydra's introspection.
const otherUses: ReadonlyMap<unknown, OtherTokenReason> = new Map([
  ["id", "id_token"],
  ["refresh", "refresh_token"],
  ["refresh_token", "refresh_token"],
]);
const textMarks = ["typ", "token_use", "nonce", "cid", "appid"] as const;
const listMarks = ["scope", "scp"] as const;
// Claims of access tokens, by RFC 9068 or a provider's own format, that ID tokens don't have.
const accessTokenMembers = ["scope", "scp", "client_id", "cid", "appid"] as const;

/** Checks that a token is an access token (RFC 9068, RFC 8725 §3.11). {@link matchesAudience} checks the audience. */
export function verifyTokenKind({ header, claims }: CompactJws, rules: TokenRules): AccessTokenReason | undefined {
  if (!isAcceptedType(header.typ, rules.isStrict)) return "wrong_type";
  if (oddMark(claims)) return "claim_malformed";
  const other = readOtherToken(claims);
  if (other) return other;
  if (Object.hasOwn(claims, "c_hash")) return "id_token";
  return rules.isStrict && missingClaim(claims) ? "claim_missing" : undefined;
}

/** The kind of a token that its provider marks as something other than a bearer access token. */
export function readOtherToken(claims: JsonObject): OtherTokenReason | undefined {
  // The verifier does not check the proof of possession, so a stolen token would work (RFC 9449 §7, RFC 8705 §3).
  if (Object.hasOwn(claims, "cnf")) return "proof_of_possession";
  return otherTypes.get(claims.typ) ?? otherUses.get(claims.token_use);
}

/**
 * Whether a token has claims of an ID token: `at_hash`, except from Dex; or a `nonce`, unless its type marks it as an access token.
 * Keycloak before 25 copies the login's nonce into access tokens.
 */
export function hasIdTokenMark({ header, claims }: CompactJws, acceptsAtHash: boolean): boolean {
  if (Object.hasOwn(claims, "at_hash")) return !acceptsAtHash;
  return Object.hasOwn(claims, "nonce") && claims.typ !== "Bearer" && !isAcceptedType(header.typ, true);
}

/**
 * Whether a token is intended for a client: its `aud` has one of the configured audiences; without any, its `aud`, `azp` or
 * `client_id` names the client. In strict mode, only `aud` counts (RFC 9068 §4).
 */
export function matchesAudience(client: OidcClient, claims: JsonObject, { isStrict }: TokenRules): boolean {
  const { azp, client_id: clientId } = claims;
  const audience = readAudience(claims);
  if (!audience || !isOptionalText(azp) || !isOptionalText(clientId)) return false;
  if (client.audience.length > 0) return client.audience.some((name) => audience.includes(name));
  if (audience.includes(client.clientId)) return true;
  return !isStrict && (azp === client.clientId || clientId === client.clientId);
}

/**
 * Whether a token is indistinguishable from an ID token for the client: ID tokens have it as their audience, and need no claim
 * that marks them (OpenID Connect Core §2). Access tokens are recognized by their type or claims.
 */
export function mayBeIdToken({ clientId, acceptsAtHash }: OidcClient, { header, claims }: CompactJws): boolean {
  const { typ, azp } = claims;
  if (acceptsAtHash && Object.hasOwn(claims, "at_hash")) return false;
  if (isAcceptedType(header.typ, true) || typ === "Bearer" || actsAsClient(claims)) return false;
  if (accessTokenMembers.some((name) => Object.hasOwn(claims, name))) return false;
  const audience = readAudience(claims) ?? [];
  // The client of an ID token, which `azp` names, is always in its audience.
  const isOfAnother = typeof azp === "string" && !audience.includes(azp);
  return audience.includes(clientId) && !isOfAnother;
}

/** A claim of the wrong type, which can't show the kind of its token. */
export function oddMark(claims: JsonObject): string | undefined {
  for (const name of textMarks) if (!isOptionalText(claims[name])) return name;
  for (const name of listMarks) if (!isOptionalTexts(claims[name])) return name;
  return undefined;
}

function isAcceptedType(typ: string | undefined, isStrict: boolean): boolean {
  if (typ === undefined) return !isStrict;
  const type = typ.toLowerCase();
  return accessTypes.has(type) || (!isStrict && type === "jwt");
}

/** The missing claim of RFC 9068 §2.2; issuer, times, subject and audience are checked anyway. */
export function missingClaim({ iat, jti, client_id: clientId }: JsonObject): string | undefined {
  if (iat === undefined) return "iat";
  if (!isText(jti)) return "jti";
  return isText(clientId) ? undefined : "client_id";
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

/** Which JWTs are accepted as access tokens: all that are not another kind of token, or only those of RFC 9068. */
export type AccessTokenType = "lenient" | "rfc9068";

/** Requirements of a token beyond its client's configuration. */
export interface TokenRules {
  /** The maximum clock skew. */
  readonly leewaySeconds: number;
  /** The maximum age of a token by its `iat`, regardless of its `exp`. */
  readonly maxAgeSeconds: number | undefined;
  readonly isStrict: boolean;
}

export interface TokenRuleOptions {
  /** The maximum clock skew, 0 to 300 s. Defaults to 30. */
  readonly leewaySeconds?: number | undefined;
  /** The maximum number of seconds after a token's `iat`. Defaults to unlimited. */
  readonly maxTokenAgeSeconds?: number | undefined;
  /** Defaults to `lenient`. */
  readonly accessTokenType?: AccessTokenType | undefined;
}

/** @throws RangeError for a leeway outside 0 to 300 s, or an age that is not above 0 */
export function readTokenRules(options: TokenRuleOptions): TokenRules {
  const { leewaySeconds = 30, maxTokenAgeSeconds: maxAgeSeconds, accessTokenType = "lenient" } = options;
  if (!(leewaySeconds >= 0 && leewaySeconds <= 300)) throw new RangeError("leewaySeconds must be from 0 to 300");
  if (maxAgeSeconds !== undefined && !(maxAgeSeconds > 0)) {
    throw new RangeError("maxTokenAgeSeconds must be above 0");
  }
  if (accessTokenType !== "lenient" && accessTokenType !== "rfc9068") {
    throw new RangeError("accessTokenType must be lenient or rfc9068");
  }
  return { leewaySeconds, maxAgeSeconds, isStrict: accessTokenType === "rfc9068" };
}

/** When the token expires by its already checked times, in milliseconds. */
export function endOfToken(
  { exp, iat }: { readonly exp: number; readonly iat?: number },
  { leewaySeconds, maxAgeSeconds }: TokenRules,
): number {
  const end = maxAgeSeconds === undefined || iat === undefined ? exp : Math.min(exp, iat + maxAgeSeconds);
  return (end + leewaySeconds) * 1000;
}
