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

/** A verified credential, with its user. */
export interface AcceptedBearer {
  readonly kind: "accepted";
  readonly userId: string;
  readonly clientIdentifier: string;
  /** The database's revision that the answer is based on. */
  readonly revision: number;
}

/** The result of verifying a bearer credential. */
export type BearerOutcome =
  | AcceptedBearer
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
