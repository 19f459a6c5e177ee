import type { BearerReason, UnavailableReason } from "./reasons.js";

/** What a token says of itself, for a log: not verified, each bounded and on one line. Members that it lacks are left out. */
export interface SeenInToken {
  /** `iss`. */
  readonly issuer?: string;
  /** `aud`: a text, or a list as JSON. */
  readonly audience?: string;
  /** The key id in the header. */
  readonly kid?: string;
  /** `alg` of the header. */
  readonly algorithm?: string;
}

/** A rejection's details for a log, beside its reason. */
export interface RejectionDetails extends SeenInToken {
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
  | ({ readonly kind: "rejected"; readonly reason: BearerReason } & RejectionDetails)
  | (SeenInToken & {
      readonly kind: "unavailable";
      readonly reason: UnavailableReason;
      readonly retryAfterSeconds: number;
      /** The actual response, as in {@link RejectionDetails}. */
      readonly found?: string | undefined;
      /** Caused by the credential, or by how many its source sends. */
      readonly isCausedByCaller?: boolean;
    });
