import { readAudience } from "../oidc/jwt/claims.js";
import { isOptionalText, isOptionalTexts, type JsonObject } from "../oidc/jwt/json-object.js";
import { isPrintable } from "./username.js";

/** Who a provider says it is: what a user is linked to. */
export interface Person {
  readonly issuer: string;
  /** Of a client itself, with a prefix that no other subject has. */
  readonly subject: string;
  /** True for a client that acts in its own name (client credentials). */
  readonly isClient: boolean;
}

// OpenID Connect Core §2: at most 255 ASCII characters. Others are let in, since providers send them.
const longestSubject = 255;
const clientPrefix = "client:";
const clientGrant = "client-credentials";

/**
/**
 * The person of a token's claims; undefined without a usable `sub`, or where what tells a client from a user is of another type
 * than it must be. A client's own subject must never be taken for a user's of the same text (RFC 9700 §4.15), so the two are
 * kept apart.
 *
 * @param clientNames what the client that the token is for is called at the provider
 */
export function readPerson(
  issuer: string,
  claims: JsonObject,
  clientNames: readonly string[] = [],
): Person | undefined {
  const { sub, client_id: clientId, azp, gty, idtyp } = claims;
  if (typeof sub !== "string" || sub === "" || sub.length > longestSubject || !isPrintable(sub)) return undefined;
  if (![clientId, azp, idtyp].every(isOptionalText) || !isOptionalTexts(gty)) return undefined;
  if (actsAsClient(claims, clientNames)) return { issuer, subject: clientPrefix + sub, isClient: true };
  return sub.startsWith(clientPrefix) ? undefined : { issuer, subject: sub, isClient: false };
}

/**
 * Whether a token is a client's own (RFC 6749 §4.4), so that no user stands behind it: by RFC 9068 §2.2, or by what Auth0, Entra
 * ID and Keycloak say. Spring names the client as subject and audience, and nowhere else.
 */
export function actsAsClient(claims: JsonObject, clientNames: readonly string[] = []): boolean {
  const { sub, client_id: clientId, azp, gty, idtyp, preferred_username: username } = claims;
  const isByGrant = Array.isArray(gty) ? gty.includes(clientGrant) : gty === clientGrant;
  if (sub === clientId || sub === azp || isByGrant || idtyp === "app") return true;
  // Keycloak's usernames are in lower case.
  if (typeof clientId === "string") return username === `service-account-${clientId.toLowerCase()}`;
  const namesItself = typeof sub === "string" && azp === undefined && clientNames.includes(sub);
  return namesItself && readAudience(claims)?.includes(sub) === true;
}
