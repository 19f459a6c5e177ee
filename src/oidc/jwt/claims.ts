import type { JsonObject } from "./json-object.js";

/** Why a token is not valid now. */
export type TimeReason = "malformed_time" | "expired" | "not_yet_valid" | "issued_in_future" | "too_old";

// The last second that a Date can hold.
const lastSecond = 8.64e12;

/**
 * Checks `exp`, which is required, `nbf` and `iat` (RFC 7519 §4.1). A token expires `leewaySeconds` after `exp`.
 *
 * @param maxAgeSeconds the maximum age of a token by its `iat`, which is then required
 */
export function checkTimes(
  claims: JsonObject,
  nowMs: number,
  leewaySeconds: number,
  maxAgeSeconds?: number,
): TimeReason | undefined {
  const { exp, nbf, iat } = claims;
  if (!isSeconds(exp) || !isOptionalSeconds(nbf) || !isOptionalSeconds(iat)) return "malformed_time";
  const now = nowMs / 1000;
  if (now >= exp + leewaySeconds) return "expired";
  if (nbf !== undefined && now < nbf - leewaySeconds) return "not_yet_valid";
  if (iat !== undefined && now < iat - leewaySeconds) return "issued_in_future";
  if (maxAgeSeconds === undefined) return undefined;
  if (iat === undefined) return "malformed_time";
  return now >= iat + maxAgeSeconds + leewaySeconds ? "too_old" : undefined;
}

/** Whether a claim is a NumericDate from 1970 on (RFC 7519 §2) that a Date can hold. */
export function isSeconds(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= lastSecond;
}

function isOptionalSeconds(value: unknown): value is number | undefined {
  return value === undefined || isSeconds(value);
}

/** A token's audience (RFC 7519 §4.1.3): empty without `aud` or with an empty one (Hydra); undefined if it is not valid. */
export function readAudience({ aud }: JsonObject): readonly string[] | undefined {
  if (aud === undefined) return [];
  if (typeof aud === "string") return [aud];
  const isList = Array.isArray(aud) && aud.every((name) => typeof name === "string");
  return isList ? aud : undefined;
}
