import { findLacks } from "../resources/provider-lacks.js";
import type { ProviderContext } from "./context.js";
import { clientSubject, type Finding, failure, ok, warning } from "./finding.js";

/** What clients ask of their provider and its discovery document does not offer: PKCE, algorithms, scopes, endpoints. */
export function checkOffers({ provider, found, clients }: ProviderContext): readonly Finding[] {
  if (!found) return [];
  return clients.flatMap(({ entry }): readonly Finding[] => {
    const subject = clientSubject(entry.key);
    const lacks = findLacks(entry, provider, found.offers ?? {});
    if (lacks.length === 0) return [ok(subject, "offers", `oidc_provider ${provider.key} offers what it asks for`)];
    return lacks.map(({ severity, code, message, hint, attribute, range }) => {
      const report = severity === "error" ? failure : warning;
      return report(subject, attribute || "offers", { code, message, hint, position: range?.position });
    });
  });
}
