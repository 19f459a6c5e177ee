import type { RequestContext } from "./verifier.js";

/** What a bearer credential turned out to be. */
export type BearerOutcome =
  | {
      readonly kind: "accepted";
      readonly userId: string;
      readonly clientIdentifier: string;
      /** The database's revision that the answer was made under. */
      readonly revision: number;
    }
  /** `reason` is for the log: a stable word such as `expired` or `unknown_key`; `hint` says what an operator may do. */
  | { readonly kind: "refused"; readonly reason: string; readonly hint?: string }
  | {
      readonly kind: "unavailable";
      readonly reason: string;
      readonly retryAfterSeconds: number;
      /** The credential, or how many of them its source sends, is the reason. */
      readonly isCallersFault?: boolean;
    };

/** Decides about bearer credentials; what the user that one names may do is the verifier's to say. */
export interface BearerAuthority {
  /** Synchronous when the answer is known; the caller caches nothing itself about bearer tokens. */
  readonly authenticate: (
    credential: string,
    nowMs: number,
    context?: RequestContext,
  ) => BearerOutcome | Promise<BearerOutcome>;
  /** Configuration rows may have changed. */
  readonly reload: () => void;
  readonly close: () => Promise<void>;
}
