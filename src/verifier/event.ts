import { channel } from "node:diagnostics_channel";
import type { ProviderEvent } from "../oidc/event.js";
import type { ClaimNote } from "../users/map-claims.js";
import type { LinkedBy } from "../users/provision-user.js";
import type { KeptNameReason } from "../users/write-user.js";
import type { Scheme } from "./authorization-header.js";
import type { RejectionDetails } from "./bearer-authority.js";

/** An event for a log. It never holds a credential. */
export type VerifierEvent =
  | (Answered & {
      readonly kind: "rejected";
      readonly scheme: Scheme | undefined;
      /** A stable word such as `unknown_token`, `expired` or `mistyped`. */
      readonly reason: string;
      /** The identifier of the API token, if any. */
      readonly token?: string;
    } & RejectionDetails)
  /** The caller was identified, but lacks permission. */
  | (Answered & {
      readonly kind: "forbidden";
      readonly scheme: Scheme;
      /** The identifier of the API token or OIDC client. */
      readonly credential: string;
      readonly username: string;
      readonly permission: string;
    })
  /** A source had too many failed attempts; this one was not checked. An IPv6 source is shown as its network. */
  | (Answered & { readonly kind: "throttled"; readonly source: string })
  /** Neither accepted nor refused: the client must retry. */
  | (Answered & {
      readonly kind: "unavailable";
      readonly reason: string;
      /** What came instead of an answer. */
      readonly found?: string;
      readonly error?: unknown;
    })
  /** The times at which tokens were last used were not written. */
  | { readonly kind: "last_used_failed"; readonly tokens: number; readonly error: unknown }
  | BearerEvent;

interface Answered {
  /** The `instance` of the client's problem details, which identifies this event. */
  readonly instance: string;
}

/** The name of the `diagnostics_channel` that every event is published on. */
export const channelName = "vtb-setup:verifier";

const events = channel(channelName);

/** Creates a function that reports an event to all listeners. */
export function createReporter(onEvent: ((event: VerifierEvent) => void) | undefined): (event: VerifierEvent) => void {
  return (event) => {
    events.publish(event);
    try {
      onEvent?.(event);
    } catch (error) {
      // As with the channel's own subscribers: a failing log surfaces its error, but does not affect the request.
      process.nextTick(() => {
        throw error;
      });
    }
  };
}

/** An event for an operator. Never a token, a claim or a key. */
export type BearerEvent =
  | ProviderEvent
  | { readonly kind: "client_unusable"; readonly client: string; readonly message: string }
  | { readonly kind: "mapping_ignored"; readonly client: string; readonly fields: readonly string[] }
  | (ClaimNote & { readonly client: string; readonly userId: string })
  /** A token was older than the claims that its user was last updated from: it was accepted, and changed nothing. */
  | { readonly kind: "claims_stale"; readonly client: string; readonly userId: string }
  /** The first sign-in as an existing user: as a file says, or by the username. */
  | { readonly kind: "user_linked"; readonly client: string; readonly userId: string; readonly by: LinkedBy }
  /** The person's name at the provider changed, and the user's with it, or the user keeps the old one because it is taken. */
  | { readonly kind: "user_renamed"; readonly client: string; readonly userId: string }
  | {
      readonly kind: "username_kept";
      readonly client: string;
      readonly userId: string;
      readonly reason: KeptNameReason;
    }
  | { readonly kind: "user_written"; readonly client: string; readonly userId: string };

export type OnBearerEvent = (event: BearerEvent) => void;
