import type { KeyFault } from "./jwt/key-set.js";

/** What happens between us and a provider. Never a token, a claim or a key. */
export type ProviderEvent =
  | {
      readonly kind: "keys_fetched";
      readonly url: string;
      readonly keys: number;
      readonly ignored: readonly KeyFault[];
    }
  | { readonly kind: "provider_failed"; readonly url: string; readonly message: string; readonly retryAfterMs: number }
  /** It was asked about one token, and did not say whether that is good. Others are asked about as before. */
  | { readonly kind: "token_unanswered"; readonly url: string; readonly message: string };

export type OnProviderEvent = (event: ProviderEvent) => void;
