import type { GuardedFetch } from "./guarded-fetch.js";
import { findFetchFailure } from "./network-error.js";

/** What a provider is asked at. */
export type ProviderEndpoint = "discovery" | "keys" | "userinfo" | "introspection" | "token";

export interface ProviderRequest {
  readonly endpoint: ProviderEndpoint;
  readonly method: string;
  readonly url: URL;
}

export type ProviderRequestEnd =
  | { readonly kind: "answered"; readonly status: number }
  /**
   * `unreachable`: no connection; `no_answer`: none in time, or not a whole one; `unusable`: it redirects, is too large, or its
   * certificate is not valid.
   */
  | { readonly kind: "failed"; readonly type: "unreachable" | "no_answer" | "unusable" | "_OTHER" };

/** Follows requests to providers. */
export interface RequestObserver {
  /** Called when a request begins. Returns the function to call when it ends. Neither may throw. */
  readonly providerRequest: (request: ProviderRequest) => (end: ProviderRequestEnd) => void;
}

/** The same `fetch`, whose requests an observer follows. */
export function observeFetch(
  fetch: GuardedFetch,
  endpoint: ProviderEndpoint,
  observer: RequestObserver | undefined,
): GuardedFetch {
  if (!observer) return fetch;
  return async (url, init) => {
    const end = observer.providerRequest({ endpoint, method: init?.method ?? "GET", url: new URL(url) });
    try {
      const response = await fetch(url, init);
      end({ kind: "answered", status: response.status });
      return response;
    } catch (error) {
      end({ kind: "failed", type: typeOf(error) });
      throw error;
    }
  };
}

function typeOf(error: unknown): (ProviderRequestEnd & { readonly kind: "failed" })["type"] {
  const failure = findFetchFailure(error);
  if (!failure) return "_OTHER";
  if (!failure.retryable) return "unusable";
  return failure.isConnected ? "no_answer" : "unreachable";
}
