import type { KeyFault } from "../../jwt/public-key.js";

/** What an operator may want to know of. Never a token, a claim or a key. */
export type BearerEvent =
  | {
      readonly kind: "keys_fetched";
      readonly url: string;
      readonly keys: number;
      readonly ignored: readonly KeyFault[];
    }
  | { readonly kind: "provider_failed"; readonly url: string; readonly message: string; readonly retryAfterMs: number }
  | { readonly kind: "client_unusable"; readonly client: string; readonly message: string }
  | { readonly kind: "mapping_ignored"; readonly client: string; readonly fields: readonly string[] }
  | { readonly kind: "groups_claim_odd"; readonly client: string; readonly userId: string }
  | { readonly kind: "user_written"; readonly client: string; readonly userId: string };

export type OnBearerEvent = (event: BearerEvent) => void;
