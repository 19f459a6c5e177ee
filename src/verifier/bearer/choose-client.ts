import type { OidcClient, OpenAccess } from "../../oidc/client.js";
import type { JsonObject } from "../../oidc/jwt/json-object.js";
import type { CompactJws } from "../../oidc/jwt/jws.js";
import type { KnownProvider } from "../../oidc/provider.js";
import { matchesAudience, type TokenRules } from "./access-token.js";
import type { ClientSnapshot } from "./client-snapshot.js";

export type Choice =
  | { readonly kind: "chosen"; readonly client: OidcClient; readonly access: OpenAccess }
  /** The token may be for a client whose provider's discovery document is missing. */
  | { readonly kind: "pending"; readonly provider: KnownProvider }
  /** `clients` are those for which the token passed most checks. */
  | { readonly kind: "rejected"; readonly reason: ChoiceReason; readonly clients: readonly OidcClient[] };

/** In the order of the checks. */
const reasons = ["not_configured", "weak_secret", "client_disabled", "wrong_algorithm", "wrong_audience"] as const;

export type ChoiceReason = (typeof reasons)[number] | "wrong_issuer" | "unknown_issuer";

/**
 * Chooses the client that a token claims to be for; the signature must prove it. Nothing is fetched for a token whose issuer,
 * algorithm or audience is no client's.
 */
export function chooseClient(configuration: ClientSnapshot, { header, claims }: CompactJws, rules: TokenRules): Choice {
  const { iss } = claims;
  if (typeof iss !== "string" || iss === "") return { kind: "rejected", reason: "wrong_issuer", clients: [] };
  const { byIssuer, ofAnyIssuer, clients, pending } = configuration;
  const candidates = byIssuer.get(iss) ?? ofAnyIssuer;
  let furthest = -1;
  let blamed: readonly OidcClient[] = [];
  for (const client of candidates) {
    const { access } = client;
    const reason = rejectionReason(client, header.alg, claims, rules);
    if (reason === undefined && access.kind === "open") return { kind: "chosen", client, access };
    const step = reason === undefined ? 0 : reasons.indexOf(reason);
    if (step >= furthest) blamed = step === furthest ? [...blamed, client] : [client];
    furthest = Math.max(furthest, step);
  }
  const provider = pending.find(({ mayIssue }) => mayIssue(iss));
  if (provider) return { kind: "pending", provider };
  const isUnknown = candidates.length === 0 && clients.length + pending.length > 0;
  const reason = isUnknown ? "unknown_issuer" : (reasons[furthest] ?? "not_configured");
  return { kind: "rejected", reason, clients: blamed };
}

function rejectionReason(
  client: OidcClient,
  algorithm: string,
  claims: JsonObject,
  rules: TokenRules,
): (typeof reasons)[number] | undefined {
  const { access } = client;
  if (access.kind === "unusable") return access.reason;
  if (access.kind === "disabled") return "client_disabled";
  if (access.algorithm.name !== algorithm) return "wrong_algorithm";
  return matchesAudience(client, claims, rules) ? undefined : "wrong_audience";
}
