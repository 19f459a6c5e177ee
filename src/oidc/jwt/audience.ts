import type { JsonObject } from "./json-object.js";

/** Whom a token is meant for (RFC 7519 §4.1.3): none without an `aud` or with an empty one, as Hydra has it; undefined for what is no text or list of texts. */
export function readAudience({ aud }: JsonObject): readonly string[] | undefined {
  if (aud === undefined) return [];
  if (typeof aud === "string") return [aud];
  const isList = Array.isArray(aud) && aud.every((name) => typeof name === "string");
  return isList ? aud : undefined;
}
