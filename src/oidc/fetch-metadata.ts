import { checkMetadata, type MetadataEndpoint } from "./check-metadata.js";
import { parseDiscoveryEndpoint } from "./discovery-endpoint.js";
import type { DiscoveryResult } from "./discovery-result.js";
import { quoteForeign } from "./foreign-text.js";
import type { GuardedFetch } from "./guarded-fetch.js";
import { type JsonObject, parseJsonObject } from "./jwt/json-object.js";
import { fetchDocument } from "./remote-document.js";

interface ProviderMetadata {
  readonly checked: DiscoveryResult & { readonly kind: "found" };
  /** The whole document, for what else it says. */
  readonly document: JsonObject;
}

/**
 * A provider's discovery document, held against what is configured; or why it can't be used, in a sentence. Never rejects.
 *
 * @param unused endpoints of the document that the caller takes from elsewhere, or does not need
 */
export async function fetchMetadata(
  configured: { readonly issuer: string | null; readonly jwks_endpoint: string | null },
  discoveryEndpoint: string,
  fetch: GuardedFetch,
  unused: readonly MetadataEndpoint[] = [],
): Promise<ProviderMetadata | string> {
  const endpoint = parseDiscoveryEndpoint(discoveryEndpoint);
  if (!endpoint) return "the discovery endpoint is not a URL that may be asked";
  const answer = await fetchDocument(fetch, endpoint.documentUrl.href, {
    headers: { accept: "application/json" },
    followsRedirects: true,
  });
  if (answer.kind === "failed") return answer.message;
  if (answer.status !== 200) return `the discovery document: the provider answered with status ${answer.status}`;
  const document = answer.contentType === "application/json" ? parseJsonObject(answer.body) : undefined;
  if (!document) {
    return `the discovery document is not a JSON object (${quoteForeign(answer.contentType || undefined, 60)})`;
  }
  const explicitJwks = configured.jwks_endpoint !== null;
  const checked = checkMetadata(document, { endpoint, issuer: configured.issuer ?? undefined, explicitJwks, unused });
  return checked.kind === "found" ? { checked, document } : checked.message;
}
