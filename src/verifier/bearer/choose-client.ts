import type { CompactJws } from "../../jwt/compact-jws.js";
import type { OidcClient, OpenAccess } from "../../provider/client.js";
import type { KnownProvider } from "../../provider/provider.js";
import { isMeantFor } from "./access-token.js";
import type { BearerConfiguration } from "./configuration.js";
import type { TokenRules } from "./token-rules.js";

export type Choice =
  | { readonly kind: "chosen"; readonly client: OidcClient; readonly access: OpenAccess }
  /** It may be for a client whose provider's discovery document is missing. */
  | { readonly kind: "pending"; readonly provider: KnownProvider }
  | { readonly kind: "refused"; readonly reason: ChoiceFault };

/** In the order in which a token got further. */
const faults = ["not_configured", "weak_secret", "client_disabled", "wrong_algorithm", "wrong_audience"] as const;

type ChoiceFault = (typeof faults)[number] | "wrong_issuer" | "unknown_issuer";

/**
 * The client that a token says it is for. Nothing is fetched for a token of another issuer, algorithm or audience than a
 * client's; that it says so truly is for its signature to show.
 */
export function chooseClient(
  configuration: BearerConfiguration,
  { header, claims }: CompactJws,
  rules: TokenRules,
): Choice {
  const { iss } = claims;
  if (typeof iss !== "string" || iss === "") return { kind: "refused", reason: "wrong_issuer" };
  const { byIssuer, ofAnyIssuer, clients, pending } = configuration;
  const candidates = byIssuer.get(iss) ?? ofAnyIssuer;
  let furthest = 0;
  for (const client of candidates) {
    const { access } = client;
    if (access.kind === "unusable") furthest = Math.max(furthest, faults.indexOf(access.reason));
    else if (access.kind === "disabled") furthest = Math.max(furthest, faults.indexOf("client_disabled"));
    else if (access.algorithm.name !== header.alg) furthest = Math.max(furthest, faults.indexOf("wrong_algorithm"));
    else if (!isMeantFor(client, claims, rules)) furthest = Math.max(furthest, faults.indexOf("wrong_audience"));
    else return { kind: "chosen", client, access };
  }
  const provider = pending.find(({ mayIssue }) => mayIssue(iss));
  if (provider) return { kind: "pending", provider };
  const isUnknown = candidates.length === 0 && clients.length + pending.length > 0;
  return { kind: "refused", reason: isUnknown ? "unknown_issuer" : (faults[furthest] ?? "not_configured") };
}
