import type { IgnoredKeyReason } from "./jwt/key-set.js";

/** An event in our contact with a provider. It never contains a token, a claim or a key. */
export type ProviderEvent =
  | {
      readonly kind: "keys_fetched";
      readonly url: string;
      readonly keys: number;
      readonly ignored: readonly IgnoredKeyReason[];
    }
  | { readonly kind: "provider_failed"; readonly url: string; readonly message: string; readonly retryAfterMs: number }
  /** The provider did not answer whether one token is valid. Questions about other tokens continue. */
  | { readonly kind: "token_unanswered"; readonly url: string; readonly message: string };

export type OnProviderEvent = (event: ProviderEvent) => void;
