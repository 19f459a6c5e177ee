import { actsAsClient } from "../../identity/person.js";
import { readAudience } from "../../jwt/audience.js";
import type { CompactJws } from "../../jwt/compact-jws.js";
import type { JsonObject } from "../../jwt/json-object.js";
import { checkTimes, type TimeFault } from "../../jwt/times.js";
import type { OidcClient } from "../../provider/client.js";

export type AccessTokenFault = TimeFault | "wrong_type" | "id_token";

const acceptedTypes: ReadonlySet<string> = new Set(["jwt", "at+jwt", "application/at+jwt"]);
const idTokenMembers = ["nonce", "at_hash", "c_hash"] as const;
// What Keycloak calls its other tokens.
const otherTypes: readonly unknown[] = ["ID", "Refresh", "Offline", "Logout"];

/** What can be wrong with a token whoever it is for: it is no access token (RFC 9068, RFC 8725 §3.11), or not valid now. */
export function checkAccessToken(
  { header, claims }: CompactJws,
  nowMs: number,
  leewaySeconds: number,
): AccessTokenFault | undefined {
  if (header.typ !== undefined && !acceptedTypes.has(header.typ.toLowerCase())) return "wrong_type";
  if (otherTypes.includes(claims.typ) || idTokenMembers.some((name) => Object.hasOwn(claims, name))) return "id_token";
  return checkTimes(claims, nowMs, leewaySeconds);
}

/**
 * Whether a token is meant for a client: its `aud` holds one of the configured audiences; where none are, its `aud`, `azp` or
 * `client_id` names the client.
 */
export function isMeantFor(client: OidcClient, claims: JsonObject): boolean {
  const { azp, client_id: clientId } = claims;
  const audience = readAudience(claims);
  if (!audience || !isOptionalText(azp) || !isOptionalText(clientId)) return false;
  if (client.audience.length > 0) return client.audience.some((name) => audience.includes(name));
  return audience.includes(client.clientId) || azp === client.clientId || clientId === client.clientId;
}

/** Whether the provider has to be asked about the user: a client that acts in its own name has none. */
export function needsUserinfo(client: OidcClient, claims: JsonObject): boolean {
  return client.asksUserinfo && !actsAsClient(claims);
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === "string";
}
