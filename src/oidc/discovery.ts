import { type CallFailure, createCircuitBreaker } from "../retry.js";
import {
  checkMetadata,
  type DiscoveredProvider,
  type DiscoveryFailure,
  type DiscoveryResult,
  invalid,
  type MetadataEndpoint,
  parseDiscoveryEndpoint,
} from "./check-metadata.js";
import type { OnProviderEvent } from "./event.js";
import { quoteForeign } from "./foreign-text.js";
import { createGuardedFetch, type GuardedFetch } from "./guarded-fetch.js";
import { type JsonObject, parseJsonObject } from "./jwt/json-object.js";
import { FetchFailure, findFetchFailure, proxyVariable } from "./network-error.js";

export type { DiscoveryResult } from "./check-metadata.js";

/** The provider to discover, and what to use of its discovery document. */
export interface MetadataRequest {
  /** A provider's base URL, with or without a trailing slash, or its discovery document's URL. */
  readonly discoveryEndpoint: string;
  /** Must equal the document's issuer, byte for byte. Without it, that must be the base URL, except for a trailing slash. */
  readonly issuer?: string | undefined;
  /** True if the keys' URL is configured: then the document's is not checked. */
  readonly explicitJwks?: boolean | undefined;
  /** The document's other endpoints that are configured too, or not needed, and therefore not used. */
  readonly unused?: readonly MetadataEndpoint[] | undefined;
}

export interface DiscoveryRequest extends MetadataRequest {
  /** A file of PEM certificates to trust besides the usual roots. */
  readonly caFile?: string | undefined;
  /** The timeout of the whole request. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Searched for proxy variables, to report that proxies are not supported. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

const endpointHint =
  "check `oidc_op_discovery_endpoint`: it is the provider's base URL, before /.well-known/openid-configuration";

/**
 * Fetches and checks a provider's discovery document, once. Returns failures; rejects only when the signal aborts, with its
 * reason.
 */
export async function discoverProvider(request: DiscoveryRequest): Promise<DiscoveryResult> {
  const { caFile, timeoutMs, signal, env } = request;
  signal?.throwIfAborted();
  const found = await fetchMetadata(request, createGuardedFetch({ caFile, timeoutMs, signal }), env);
  signal?.throwIfAborted();
  return found.kind === "metadata" ? found.checked : found;
}

interface Metadata {
  readonly kind: "metadata";
  readonly checked: DiscoveredProvider;
  /** The whole document, for its other members. */
  readonly document: JsonObject;
}

/** A provider's discovery document (OpenID Connect Discovery 1.0), if it is what the configuration expects. Never rejects. */
export async function fetchMetadata(
  { discoveryEndpoint, issuer, explicitJwks = false, unused }: MetadataRequest,
  fetch: GuardedFetch,
  env: DiscoveryRequest["env"] = {},
): Promise<Metadata | DiscoveryFailure> {
  const endpoint = parseDiscoveryEndpoint(discoveryEndpoint);
  if (!endpoint) {
    return invalid(
      "the discovery endpoint is not a valid URL",
      "write an absolute http or https URL without credentials as `oidc_op_discovery_endpoint`",
    );
  }
  const { documentUrl } = endpoint;
  try {
    const response = await fetch(documentUrl.href, { headers: { accept: "application/json" }, redirect: "follow" });
    assertJsonAnswer(response);
    const document = parseJsonObject(Buffer.from(await response.arrayBuffer()));
    if (!document) return invalid("the provider's response is not a JSON object", endpointHint);
    const checked = checkMetadata(document, { endpoint, issuer, explicitJwks, unused });
    return checked.kind === "found" ? { kind: "metadata", checked, document } : checked;
  } catch (error) {
    return explainFailure(error, proxyVariable(env, documentUrl));
  }
}

function assertJsonAnswer({ status, headers }: Response): void {
  if (status !== 200) {
    const mayPass = status >= 500 || [403, 404, 408, 425, 429].includes(status);
    const hint = mayPass ? `the provider may still be starting; otherwise, ${endpointHint}` : endpointHint;
    throw new FetchFailure(mayPass, `the provider answered with status ${status}`, hint, { isConnected: true });
  }
  const type = headers.get("content-type") || undefined;
  if (!/^application\/json\s*(?:;|$)/i.test(type ?? "")) {
    const message = `the provider's response is not application/json (${quoteForeign(type, 60)})`;
    throw new FetchFailure(false, message, endpointHint);
  }
}

function explainFailure(error: unknown, proxy: string | undefined): DiscoveryFailure {
  const failure = findFetchFailure(error);
  // A signal's reason; it may quote anything.
  if (!failure) return { kind: "unreachable", message: "the request failed", hint: "try again" };
  const { retryable, isConnected, message, hint } = failure;
  const isNoWay = retryable && !isConnected && proxy !== undefined;
  const direct = `${proxy} is set, but proxies are not supported: allow direct connections to the provider`;
  return { kind: retryable ? "unreachable" : "invalid", message, hint: isNoWay ? `${hint}; ${direct}` : hint };
}

/** A provider's metadata at run time. */
export interface MetadataSource {
  /** What was found last. */
  readonly current: () => Metadata | undefined;
  /** When that was; 0 where nothing was found. */
  readonly foundAtMs: () => number;
  readonly lastFailure: () => CallFailure | undefined;
  readonly retryAtMs: () => number;
  /** Fetches the document, with one request at a time, and not soon after a failure. Never rejects. */
  readonly refresh: () => Promise<void>;
}

interface MetadataSourceOptions {
  readonly fetch: GuardedFetch;
  readonly now: () => number;
  readonly onEvent: OnProviderEvent;
  /** Called before waiting callers continue. */
  readonly onFound?: (found: DiscoveredProvider) => void;
}

export function createMetadataSource(request: MetadataRequest, options: MetadataSourceOptions): MetadataSource {
  const { fetch, now, onEvent, onFound } = options;
  const breaker = createCircuitBreaker();
  let current: Metadata | undefined;
  let foundAtMs = 0;
  let flight: Promise<void> | undefined;

  const fetchOnce = async (): Promise<void> => {
    const found = await fetchMetadata(request, fetch);
    if (found.kind === "metadata") {
      breaker.succeeded();
      current = found;
      foundAtMs = now();
      return onFound?.(found.checked);
    }
    const { message } = found;
    const retryAfterMs = breaker.failed(now(), message);
    onEvent({
      kind: "provider_failed",
      endpoint: "discovery",
      url: request.discoveryEndpoint,
      message,
      retryAfterMs,
    });
  };

  return {
    current: () => current,
    foundAtMs: () => foundAtMs,
    lastFailure: breaker.lastFailure,
    retryAtMs: breaker.retryAtMs,
    refresh: async () => {
      if (!flight && !breaker.isClosed(now())) return;
      flight ??= fetchOnce().finally(() => {
        flight = undefined;
      });
      await flight;
    },
  };
}

/** The names of the endpoints in files and rows, with those in a discovery document. */
const endpointNames = [
  ["authorization_endpoint", "authorization_endpoint"],
  ["token_endpoint", "token_endpoint"],
  ["userinfo_endpoint", "userinfo_endpoint"],
  ["introspection_endpoint", "introspection_endpoint"],
  ["logout_endpoint", "end_session_endpoint"],
] as const;

type EndpointName = (typeof endpointNames)[number][0];

/** The endpoints of a discovery document that a file or row has itself; those of the keys not among them. */
export function configuredEndpoints(row: { readonly [Name in EndpointName]?: unknown }): readonly MetadataEndpoint[] {
  return endpointNames.flatMap(([name, theirs]) => ((row[name] ?? null) === null ? [] : [theirs]));
}

/** What a discovery document says, by the names in files and rows. */
export function endpointsOf(
  found: DiscoveredProvider,
): Readonly<Record<EndpointName | "issuer" | "jwks_endpoint", string | null>> {
  return {
    issuer: found.issuer,
    authorization_endpoint: found.authorizationEndpoint ?? null,
    token_endpoint: found.tokenEndpoint ?? null,
    userinfo_endpoint: found.userinfoEndpoint ?? null,
    introspection_endpoint: found.introspectionEndpoint ?? null,
    jwks_endpoint: found.jwksEndpoint ?? null,
    logout_endpoint: found.logoutEndpoint ?? null,
  };
}

/** A row whose missing issuer and endpoints come from the discovery document. */
export function completeRow<R extends object>(row: R, found: DiscoveredProvider | undefined): R {
  const theirs: Readonly<Record<string, string | null>> = found ? endpointsOf(found) : {};
  const missing = Object.entries(row).filter(([name, value]) => value === null && Object.hasOwn(theirs, name));
  return { ...row, ...Object.fromEntries(missing.map(([name]) => [name, theirs[name]])) };
}
