import { channel } from "node:diagnostics_channel";
import type { IgnoredKeyReason } from "./jwt/key-set.js";
import type { ProviderEndpoint } from "./request-observer.js";

/** An event about a provider. Never contains a token, claim or key. */
export type ProviderEvent =
  | {
      readonly kind: "keys_fetched";
      readonly url: string;
      readonly keys: number;
      readonly ignored: readonly IgnoredKeyReason[];
    }
  | {
      readonly kind: "provider_failed";
      /** What it was asked at. */
      readonly endpoint: ProviderEndpoint;
      readonly url: string;
      readonly message: string;
      readonly retryAfterMs: number;
    }
  /** The provider did not answer about one token. Requests about other tokens continue. */
  | { readonly kind: "token_unanswered"; readonly url: string; readonly message: string };

export type OnProviderEvent = (event: ProviderEvent) => void;

/** What a verifier and a login report of a client, for an operator. */
export type ClientEvent =
  /** The client's configuration is invalid. */
  | { readonly kind: "client_unusable"; readonly client: string; readonly message: string }
  | { readonly kind: "mapping_ignored"; readonly client: string; readonly fields: readonly string[] };

/**
 * Creates a function that reports an event to all listeners.
 *
 * @param channelName the `diagnostics_channel` that every event is published on
 * @param observe counts events; does not throw
 */
export function createReporter<E>(
  channelName: string,
  onEvent: ((event: E) => void) | undefined,
  observe?: ((event: E) => void) | undefined,
): (event: E) => void {
  const events = channel(channelName);
  return (event) => {
    events.publish(event);
    observe?.(event);
    try {
      onEvent?.(event);
    } catch (error) {
      // As with the channel's own subscribers: a failing log throws its error, but does not affect the request.
      process.nextTick(() => {
        throw error;
      });
    }
  };
}
