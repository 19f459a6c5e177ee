import type { RequestContext } from "./verifier.js";

/** What a log should hear of a refusal beside its reason. */
export interface RefusalDetails {
  /** Of the user that the credential's claims name. */
  readonly username?: string;
  /** The path to the claim that is to blame, as a file writes it. */
  readonly claim?: string;
  /** What came instead of what is expected: bounded, in one line, never the credential. */
  readonly found?: string;
  /** What would have been accepted in its place. */
  readonly expected?: string;
  /** What an operator may do about it, where that is not plain from the reason. */
  readonly hint?: string;
}

/** What a bearer credential turned out to be. */
export type BearerOutcome =
  | {
      readonly kind: "accepted";
      readonly userId: string;
      readonly clientIdentifier: string;
      /** The database's revision that the answer was made under. */
      readonly revision: number;
    }
  /** `reason` is for the log: a stable word such as `expired` or `unknown_key`. */
  | ({ readonly kind: "refused"; readonly reason: string } & RefusalDetails)
  | {
      readonly kind: "unavailable";
      readonly reason: string;
      readonly retryAfterSeconds: number;
      /** What came instead of an answer, as in {@link RefusalDetails}. */
      readonly found?: string | undefined;
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
  /** Forgets the keys of all providers, with what was concluded under them, and fetches them anew. Never rejects. */
  readonly refreshKeys: () => Promise<void>;
  readonly close: () => Promise<void>;
}
