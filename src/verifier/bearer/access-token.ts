import type { OidcClient } from "../../oidc/client.js";
import { checkTimes, readAudience, type TimeReason } from "../../oidc/jwt/claims.js";
import { isOptionalText, isOptionalTexts, type JsonObject } from "../../oidc/jwt/json-object.js";
import type { CompactJws } from "../../oidc/jwt/jws.js";
import { actsAsClient } from "../../users/external-identity.js";

/** The kind of a token that `Bearer` must not carry. */
export type OtherTokenReason = "id_token" | "refresh_token" | "proof_of_possession";

export type AccessTokenReason = TimeReason | OtherTokenReason | "wrong_type" | "claim_missing" | "claim_malformed";

const accessTypes: ReadonlySet<string> = new Set(["at+jwt", "application/at+jwt"]);
// Keycloak's other tokens, by their claims.
const otherTypes: ReadonlyMap<unknown, OtherTokenReason> = new Map([
  ["ID", "id_token"],
  ["Logout", "id_token"],
  ["Refresh", "refresh_token"],
  ["Offline", "refresh_token"],
  ["DPoP", "proof_of_possession"],
]);
// Those of Amazon Cognito, and of Hydra's introspection.
const otherUses: ReadonlyMap<unknown, OtherTokenReason> = new Map([
  ["id", "id_token"],
  ["refresh", "refresh_token"],
  ["refresh_token", "refresh_token"],
]);
const textMarks = ["typ", "token_use", "nonce", "cid", "appid"] as const;
const listMarks = ["scope", "scp"] as const;
// What providers put into access tokens, of RFC 9068 or their own form, and not into ID tokens.
const accessTokenMembers = ["scope", "scp", "client_id", "cid", "appid"] as const;

/** Faults that don't depend on the audience: it is no access token (RFC 9068, RFC 8725 §3.11), or not valid now. */
export function verifyAccessToken(
  { header, claims }: CompactJws,
  nowMs: number,
  rules: TokenRules,
): AccessTokenReason | undefined {
  if (!isAcceptedType(header.typ, rules.isStrict)) return "wrong_type";
  if (oddMark(claims)) return "claim_malformed";
  const other = readOtherToken(claims);
  if (other) return other;
  if (Object.hasOwn(claims, "c_hash")) return "id_token";
  if (rules.isStrict && missingClaim(claims)) return "claim_missing";
  return checkTimes(claims, nowMs, rules.leewaySeconds, rules.maxAgeSeconds);
}

/** The token's kind according to its provider, where that is not a bearer access token. */
export function readOtherToken(claims: JsonObject): OtherTokenReason | undefined {
  // A thief could use it: nothing here checks the proof that its holder has the key (RFC 9449 §7, RFC 8705 §3).
  if (Object.hasOwn(claims, "cnf")) return "proof_of_possession";
  return otherTypes.get(claims.typ) ?? otherUses.get(claims.token_use);
}

/**
 * Whether a token carries what belongs only in an ID token: `at_hash`, except from Dex; or a `nonce`, unless the signed part says
 * that it is an access token. Keycloak before 25 copies the login's nonce into it.
 */
export function hasIdTokenMark({ header, claims }: CompactJws, acceptsAtHash: boolean): boolean {
  if (Object.hasOwn(claims, "at_hash")) return !acceptsAtHash;
  return Object.hasOwn(claims, "nonce") && claims.typ !== "Bearer" && !isAcceptedType(header.typ, true);
}

/**
 * Whether a token is meant for a client: its `aud` holds one of the configured audiences; where none are, its `aud`, `azp` or
 * `client_id` names the client. In strict mode, only `aud` can (RFC 9068 §4).
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
 * Whether nothing distinguishes a token from an ID token for the client: ID tokens name it as their audience, and need not
 * carry a mark of their own (OpenID Connect Core §2). Access tokens identify themselves by their type or by their claims.
 */
export function mayBeIdToken({ clientId, acceptsAtHash }: OidcClient, { header, claims }: CompactJws): boolean {
  const { typ, azp } = claims;
  if (acceptsAtHash && Object.hasOwn(claims, "at_hash")) return false;
  if (isAcceptedType(header.typ, true) || typ === "Bearer" || actsAsClient(claims)) return false;
  if (accessTokenMembers.some((name) => Object.hasOwn(claims, name))) return false;
  const audience = readAudience(claims) ?? [];
  // An ID token's own client, which `azp` names, is always in its audience.
  const isOfAnother = typeof azp === "string" && !audience.includes(azp);
  return audience.includes(clientId) && !isOfAnother;
}

/** A claim of the wrong type: it says nothing about what kind of token it is in. */
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

/** The claim of RFC 9068 §2.2 that a token lacks; issuer, times, subject and audience are checked anyway. */
export function missingClaim({ iat, jti, client_id: clientId }: JsonObject): string | undefined {
  if (iat === undefined) return "iat";
  if (!isText(jti)) return "jti";
  return isText(clientId) ? undefined : "client_id";
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

/** Which JWTs are accepted as access tokens: all that are no other kind of token, or only those of RFC 9068. */
export type AccessTokenType = "lenient" | "rfc9068";

/** Requirements of a token beyond its client's configuration. */
export interface TokenRules {
  /** The maximum difference between clocks. */
  readonly leewaySeconds: number;
  /** The maximum age of a token, by its `iat`, whatever its `exp`. */
  readonly maxAgeSeconds: number | undefined;
  readonly isStrict: boolean;
}

export interface TokenRuleOptions {
  /** The maximum difference between clocks, 0 to 300 s. Defaults to 30. */
  readonly leewaySeconds?: number | undefined;
  /** The maximum number of seconds after a token's `iat`. Defaults to unlimited. */
  readonly maxTokenAgeSeconds?: number | undefined;
  /** Defaults to `lenient`. */
  readonly accessTokenType?: AccessTokenType | undefined;
}

/** @throws RangeError for a leeway outside 0 to 300 s, or an age that is not above 0 */
export function readTokenRules(options: TokenRuleOptions): TokenRules {
  const { leewaySeconds = 30, maxTokenAgeSeconds: maxAgeSeconds, accessTokenType = "lenient" } = options;
  if (!(leewaySeconds >= 0 && leewaySeconds <= 300)) throw new RangeError("the leeway must be from 0 to 300 seconds");
  if (maxAgeSeconds !== undefined && !(maxAgeSeconds > 0)) {
    throw new RangeError("the greatest age of a token must be above 0 seconds");
  }
  if (accessTokenType !== "lenient" && accessTokenType !== "rfc9068") {
    throw new RangeError("the type of access tokens must be lenient or rfc9068");
  }
  return { leewaySeconds, maxAgeSeconds, isStrict: accessTokenType === "rfc9068" };
}

/** Until when the token's own times allow it, in milliseconds. They were checked before. */
export function endOfToken(
  { exp, iat }: { readonly exp: number; readonly iat?: number },
  { leewaySeconds, maxAgeSeconds }: TokenRules,
): number {
  const end = maxAgeSeconds === undefined || iat === undefined ? exp : Math.min(exp, iat + maxAgeSeconds);
  return (end + leewaySeconds) * 1000;
}
