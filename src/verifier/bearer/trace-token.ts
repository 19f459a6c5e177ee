import { quoteForeign } from "../../oidc/foreign-text.js";
import type { JsonObject } from "../../oidc/jwt/json-object.js";
import type { CompactJws } from "../../oidc/jwt/jws.js";
import type { CheckTrace } from "../check-trace.js";
import { type Choice, choiceReasons } from "./client-snapshot.js";
import { seenInToken } from "./describe-rejection.js";

/** It is a JWT. */
export function traceReadable({ passed }: CheckTrace, { header }: CompactJws): void {
  const { algorithm = "", kid } = seenInToken(header, {});
  const type = header.typ === undefined ? "no type" : `type ${quoteForeign(header.typ)}`;
  passed("malformed", `a JWT: ${type}, ${algorithm}, ${kid === undefined ? "no key id" : `key id ${kid}`}`);
}

/** It is an access token. */
export function traceKind({ passed }: CheckTrace, { header }: CompactJws): void {
  passed("wrong_type", header.typ === undefined ? "no type" : quoteForeign(header.typ));
}

/** It is valid now. */
export function traceTimes({ passed }: CheckTrace, { claims }: CompactJws): void {
  const times = (["iat", "nbf", "exp"] as const).filter((name) => claims[name] !== undefined);
  passed("expired", times.map((name) => `${name} ${moment(claims, name)}`).join(", "));
}

/** Its times were checked to be seconds. */
function moment(claims: JsonObject, name: string): string {
  return new Date(Number(claims[name]) * 1000).toISOString().replace(".000Z", "Z");
}

/** What a client was looked for by, as far as one fits. */
export function traceChoice({ passed }: CheckTrace, choice: Choice, { header, claims }: CompactJws): void {
  if (choice.kind === "pending") return;
  const failed = choice.kind === "rejected" ? choice.reason : undefined;
  if (failed === "wrong_issuer" || failed === "unknown_issuer") return;
  const { issuer, audience = "none", algorithm } = seenInToken(header, claims);
  passed("unknown_issuer", issuer);
  const chosen = choice.kind === "chosen" ? choice.client.identifier : undefined;
  const found = { not_configured: chosen, weak_secret: undefined, client_disabled: chosen, wrong_algorithm: algorithm };
  for (const reason of choiceReasons) {
    if (reason === failed) return;
    passed(reason, reason === "wrong_audience" ? audience : found[reason]);
  }
}
