import type { ClientEvent, ProviderEvent } from "../oidc/event.js";
import type { ProvisionEvent } from "../users/provision-user.js";
import type { Scheme } from "./authorization-header.js";
import type { RejectionDetails, SeenInToken } from "./bearer-outcome.js";
import type { BearerReason, HeaderReason, TokenReason, UnavailableReason } from "./reasons.js";
import type { Denial } from "./requirement.js";

/** An event for a log. Never contains a credential. */
export type VerifierEvent =
  | (Answered & {
      readonly kind: "rejected";
      readonly scheme: Scheme | undefined;
      readonly reason: HeaderReason | TokenReason | BearerReason;
      /** The identifier of the API token, if any. */
      readonly token?: string;
    } & RejectionDetails)
  /** A value was used that was revoked, or whose grace period is over; at most once an hour for each token. */
  | (Answered & {
      readonly kind: "revoked_token_used";
      readonly reason: "revoked" | "grace_ended";
      /** The identifier of the API token that has or had the value. */
      readonly token: string;
    })
  /** The caller is authenticated, but lacks a permission, or its token is of a client that the route does not accept. */
  | (Answered & {
      readonly kind: "forbidden";
      readonly scheme: Scheme;
      /** The identifier of the API token or OIDC client. */
      readonly credential: string;
      readonly username: string;
    } & Denial)
  /** A source had too many failed attempts, so this one was not checked. An IPv6 source is shown as its network. */
  | (Answered & { readonly kind: "throttled"; readonly reason: "failed_attempts"; readonly source: string })
  /** An API token was used more often than its `rate_limit` allows. */
  | (Answered & {
      readonly kind: "throttled";
      readonly reason: "rate_limit";
      readonly token: string;
      readonly username: string;
    })
  /** Neither accepted nor rejected: the client must retry. */
  | (Answered &
      SeenInToken & {
        readonly kind: "unavailable";
        readonly reason: "database" | UnavailableReason;
        /** The actual response. */
        readonly found?: string;
        readonly error?: unknown;
      })
  /** A token that was just accepted expires within the `warn_before` of its policy. Reported once a day and token. */
  | {
      readonly kind: "token_expires_soon";
      readonly token: string;
      readonly username: string;
      /** ISO 8601, UTC. */
      readonly expiresAt: string;
    }
  /** The times of tokens' last use could not be written. */
  | { readonly kind: "last_used_failed"; readonly tokens: number; readonly error: unknown }
  | BearerEvent;

/** What leads from an event to the response and the request that it is about. */
export interface Answered {
  /** The `instance` of the problem details that the client got. */
  readonly instance: string;
  /** The id that the server gave the request, if the adapter knows it: bounded, on one line. */
  readonly requestId?: string;
}

/** The name of the `diagnostics_channel` that every event is published on. */
export const channelName = "vtb-setup:verifier";

/** An event for an operator. Never contains a token, claim or key. */
export type BearerEvent = ProvisionEvent | ClientEvent | ProviderEvent;

export type OnBearerEvent = (event: BearerEvent) => void;
