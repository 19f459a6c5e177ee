import type { CustomFetch } from "openid-client";
import {
  checkMetadata,
  type DiscoveryFailure,
  type DiscoveryResult,
  invalid,
  type MetadataEndpoint,
  parseDiscoveryEndpoint,
} from "./check-metadata.js";
import { quoteForeign } from "./foreign-text.js";
import { createGuardedFetch } from "./guarded-fetch.js";
import { FetchFailure, findFetchFailure, proxyVariable } from "./network-error.js";

export type { DiscoveryResult } from "./check-metadata.js";

export interface DiscoveryRequest {
  /** A provider's base URL, with or without a slash at its end, or its discovery document's URL. */
  readonly discoveryEndpoint: string;
  /** Must equal the answer's issuer, byte for byte. Without it, the issuer must be the base URL, except for a final slash. */
  readonly issuer?: string | undefined;
  /** True where the keys' URL is configured: the document's may then be on any host. */
  readonly explicitJwks?: boolean | undefined;
  /** The document's other endpoints that are configured too, and therefore not used. */
  readonly unused?: readonly MetadataEndpoint[] | undefined;
  /** A file of PEM certificates to trust besides the usual roots. */
  readonly caFile?: string | undefined;
  /** For the whole request. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Searched for proxy variables, to report that no proxy is used. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

const endpointHint =
  "check `oidc_op_discovery_endpoint`: it is the provider's base URL, before /.well-known/openid-configuration";

/**
 * Asks a provider for its endpoints, once (OpenID Connect Discovery 1.0). Failures are in the result; it rejects only when the
 * signal aborts, with the signal's reason.
 */
export async function discoverProvider(request: DiscoveryRequest): Promise<DiscoveryResult> {
  request.signal?.throwIfAborted();
  const endpoint = parseDiscoveryEndpoint(request.discoveryEndpoint);
  if (!endpoint) {
    return invalid(
      "the discovery endpoint is not a URL that may be asked",
      "write an absolute http or https URL without a username or password in it as `oidc_op_discovery_endpoint`",
    );
  }
  try {
    const metadata = await fetchMetadata(endpoint.documentUrl, request);
    const { issuer, explicitJwks = false, unused } = request;
    return checkMetadata(metadata, { endpoint, issuer, explicitJwks, unused });
  } catch (error) {
    request.signal?.throwIfAborted();
    const proxy = proxyVariable(request.env ?? {}, endpoint.documentUrl);
    return explainFailure(error, proxy);
  }
}

async function fetchMetadata(documentUrl: URL, request: DiscoveryRequest): Promise<Readonly<Record<string, unknown>>> {
  const { allowInsecureRequests, customFetch, discovery, None } = await import("openid-client");
  const { caFile, timeoutMs, signal } = request;
  const guardedFetch = createGuardedFetch({ caFile, timeoutMs, signal });
  const fetchDocument: CustomFetch = async (url, { method, headers }) => {
    const response = await guardedFetch(url, { method, headers, redirect: "follow" });
    assertJsonAnswer(response);
    return response;
  };
  // Given a document's URL instead of an issuer, openid-client leaves the comparison of issuers to us; its own would treat a
  // slash at the end as another issuer. The client's name is not sent anywhere.
  const configuration = await discovery(documentUrl, "discovery", undefined, None(), {
    [customFetch]: fetchDocument,
    // In seconds, and later than the guarded fetch's own limit.
    timeout: Math.ceil(timeoutMs / 1000) + 1,
    execute: documentUrl.protocol === "http:" ? [allowInsecureRequests] : [],
  });
  return { ...configuration.serverMetadata() };
}

function assertJsonAnswer({ status, headers }: Response): void {
  if (status !== 200) {
    const mayPass = status >= 500 || [403, 404, 408, 425, 429].includes(status);
    const hint = mayPass ? `a provider that is still starting may answer so; otherwise ${endpointHint}` : endpointHint;
    throw new FetchFailure(mayPass, `the provider answered with status ${status}`, hint, { isConnected: true });
  }
  // openid-client checks it only when the body is not JSON.
  const type = headers.get("content-type") || undefined;
  if (!/^application\/json\s*(?:;|$)/i.test(type ?? "")) {
    const message = `the provider's answer is not of the type application/json (${quoteForeign(type, 60)})`;
    throw new FetchFailure(false, message, endpointHint);
  }
}

function explainFailure(error: unknown, proxy: string | undefined): DiscoveryFailure {
  const failure = findFetchFailure(error);
  if (failure) {
    const { retryable, isConnected, message, hint } = failure;
    const isNoWay = retryable && !isConnected && proxy !== undefined;
    const direct = `${proxy} is set, but no proxy is used: give this machine a direct way to the provider`;
    return { kind: retryable ? "unreachable" : "invalid", message, hint: isNoWay ? `${hint}; ${direct}` : hint };
  }
  // The answer is complete, so openid-client's error is about its content. The error may quote it; the result does not.
  return invalid("the provider's answer is not a JSON object that names an issuer", endpointHint);
}
