import type { RequestContext } from "./verifier.js";

/** A rejection's details for a log, beside its reason. */
export interface RejectionDetails {
  /** The user that the credential's claims name. */
  readonly username?: string;
  /** The path to the invalid claim, as written in a file. */
  readonly claim?: string;
  /** The actual value: bounded, on one line, never the credential. */
  readonly found?: string;
  /** The expected value. */
  readonly expected?: string;
  /** How an operator can fix it, if the reason does not make that clear. */
  readonly hint?: string;
}

/** The result of authenticating a bearer credential. */
export type BearerOutcome =
  | {
      readonly kind: "accepted";
      readonly userId: string;
      readonly clientIdentifier: string;
      /** The database's revision that the answer is based on. */
      readonly revision: number;
    }
  /** `reason` is for the log: a stable string such as `expired` or `unknown_key`. */
  | ({ readonly kind: "rejected"; readonly reason: string } & RejectionDetails)
  | {
      readonly kind: "unavailable";
      readonly reason: string;
      readonly retryAfterSeconds: number;
      /** The actual response, as in {@link RejectionDetails}. */
      readonly found?: string | undefined;
      /** Caused by the credential, or by how many its source sends. */
      readonly isCausedByCaller?: boolean;
    };

/** Authenticates bearer credentials. The verifier decides what the user may do. */
export interface BearerAuthority {
  /** Synchronous if the result is cached here. */
  readonly authenticate: (
    credential: string,
    nowMs: number,
    context?: RequestContext,
  ) => BearerOutcome | Promise<BearerOutcome>;
  /** Drops the configuration, which may have changed. */
  readonly reload: () => void;
  /** Drops all providers' keys, with the results that depend on them, and fetches them again. Never rejects. */
  readonly refreshKeys: () => Promise<void>;
  readonly close: () => Promise<void>;
}
