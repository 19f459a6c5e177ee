import type { RequestContext } from "./verifier.js";

/** A refusal's details for a log, beside its reason. */
export interface RejectionDetails {
  /** Of the user that the credential's claims name. */
  readonly username?: string;
  /** The path to the claim at fault, as a file writes it. */
  readonly claim?: string;
  /** What came instead of the expected value: bounded, in one line, never the credential. */
  readonly found?: string;
  /** What would have been accepted in its place. */
  readonly expected?: string;
  /** What an operator may do about it, where the reason does not make that plain. */
  readonly hint?: string;
}

/** The result of checking a bearer credential. */
export type BearerOutcome =
  | {
      readonly kind: "accepted";
      readonly userId: string;
      readonly clientIdentifier: string;
      /** The database's revision that the answer is based on. */
      readonly revision: number;
    }
  /** `reason` is for the log: a stable word such as `expired` or `unknown_key`. */
  | ({ readonly kind: "rejected"; readonly reason: string } & RejectionDetails)
  | {
      readonly kind: "unavailable";
      readonly reason: string;
      readonly retryAfterSeconds: number;
      /** What came instead of an answer, as in {@link RejectionDetails}. */
      readonly found?: string | undefined;
      /** The credential, or how many of them its source sends, is the reason. */
      readonly isCausedByCaller?: boolean;
    };

/** Authenticates bearer credentials; what the user that one names may do is for the verifier to decide. */
export interface BearerAuthority {
  /** Synchronous when the answer is known; the caller caches nothing about bearer tokens. */
  readonly authenticate: (
    credential: string,
    nowMs: number,
    context?: RequestContext,
  ) => BearerOutcome | Promise<BearerOutcome>;
  /** Configuration rows may have changed. */
  readonly reload: () => void;
  /** Drops all providers' keys, with the results that depend on them, and fetches them again. Never rejects. */
  readonly refreshKeys: () => Promise<void>;
  readonly close: () => Promise<void>;
}
