import { onlyPrintableAscii } from "../characters.js";
import { readAudience } from "../oidc/jwt/claims.js";
import { isOptionalText, isOptionalTexts, type JsonObject } from "../oidc/jwt/json-object.js";
import { maxUsername, unsafeNameReason } from "./names.js";

/** What an issuer says of a person or client; a user is linked to it. */
export interface ExternalIdentity {
  readonly issuer: string;
  /** A client's own subject has a prefix that no other subject has. */
  readonly subject: string;
  /** True for a client that acts in its own name (client credentials grant). */
  readonly isClient: boolean;
}

// OpenID Connect Core §2: at most 255 ASCII characters. Other characters are accepted, since providers send them.
const maxSubject = 255;
const clientPrefix = "client:";
const clientGrant = "client-credentials";

/**
 * Reads the external identity from a token's claims; undefined without a usable `sub`, or where a claim that distinguishes a
 * client from a user has the wrong type. A client's own subject must never pass for a user's with the same text (RFC 9700
 * §4.15), so it gets a prefix.
 *
 * @param clientNames the names of the token's client at the provider
 */
export function readExternalIdentity(
  issuer: string,
  claims: JsonObject,
  clientNames: readonly string[] = [],
): ExternalIdentity | undefined {
  const { sub, client_id: clientId, azp, gty, idtyp } = claims;
  if (typeof sub !== "string" || sub === "" || sub.length > maxSubject || !isPrintable(sub)) return undefined;
  if (![clientId, azp, idtyp].every(isOptionalText) || !isOptionalTexts(gty)) return undefined;
  if (actsAsClient(claims, clientNames)) return { issuer, subject: clientPrefix + sub, isClient: true };
  return sub.startsWith(clientPrefix) ? undefined : { issuer, subject: sub, isClient: false };
}

/**
 * Whether a token is a client's own (RFC 6749 §4.4), without a user: by RFC 9068 §2.2, or by the claims of Auth0, Entra ID and
 * Keycloak. Spring names the client only as subject and audience.
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

const lookalikes = new Map(
  [
    ["аеорсухіјѕԁһӏԛԝ", "aeopcyxijsdhlqw"],
    ["АВЕКМНОРСТУХІЈЅԚԜ", "ABEKMHOPCTYXIJSQW"],
    ["αιοκνρυγχ", "aioknpuyx"],
    ["ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"],
  ].flatMap(([foreign = "", latin = ""]) =>
    [...foreign].map((letter, index) => [letter, latin.charAt(index)] as const),
  ),
);

/** A username in its stored form. */
export interface Username {
  /** In NFKC, as `mozilla-django-oidc-db` stores it. */
  readonly name: string;
  /** False if the name had compatibility characters, which NFKC replaces. */
  readonly isPlain: boolean;
  /** The name with lookalikes replaced by Latin letters. */
  readonly skeleton: string;
}

/**
 * Reads a username: a string of printable characters that is not too long, or a whole number, as in `mozilla-django-oidc-db`.
 * Undefined for anything else.
 */
export function readUsername(claim: unknown): Username | undefined {
  const text = Number.isSafeInteger(claim) ? String(claim) : claim;
  if (typeof text !== "string") return undefined;
  const name = text.normalize("NFKC");
  if (name === "" || name.length > maxUsername || unsafeNameReason(name) !== undefined || !isPrintable(text))
    return undefined;
  const skeleton = Array.from(name, (letter) => lookalikes.get(letter) ?? letter).join("");
  return { name, isPlain: text.normalize("NFC") === name, skeleton };
}

/** Whether a text can be stored and shown unchanged. */
export function isPrintable(text: string): boolean {
  // Controls, invisible and direction-changing characters, line separators, lone surrogates.
  return onlyPrintableAscii.test(text) || !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text);
}
