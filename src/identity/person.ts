import { isOptionalText, isOptionalTexts, type JsonObject } from "../jwt/json-object.js";
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
 * The person of a token's claims; undefined without a usable `sub`, or where what tells a client from a user is of another type
 * than it must be. A client's own subject must never be taken for a user's of the same text (RFC 9700 §4.15), so the two are
 * kept apart.
 */
export function readPerson(issuer: string, claims: JsonObject): Person | undefined {
  const { sub, client_id: clientId, azp, gty, idtyp } = claims;
  if (typeof sub !== "string" || sub === "" || sub.length > longestSubject || !isPrintable(sub)) return undefined;
  if (![clientId, azp, idtyp].every(isOptionalText) || !isOptionalTexts(gty)) return undefined;
  if (actsAsClient(claims)) return { issuer, subject: clientPrefix + sub, isClient: true };
  return sub.startsWith(clientPrefix) ? undefined : { issuer, subject: sub, isClient: false };
}

/** RFC 9068 §2.2, and the claims by which Auth0 and Entra ID say the same. */
export function actsAsClient({ sub, client_id: clientId, azp, gty, idtyp }: JsonObject): boolean {
  const isByGrant = Array.isArray(gty) ? gty.includes(clientGrant) : gty === clientGrant;
  return sub === clientId || sub === azp || isByGrant || idtyp === "app";
}
