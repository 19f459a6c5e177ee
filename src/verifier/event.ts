import { channel } from "node:diagnostics_channel";
import type { ProviderEvent } from "../oidc/event.js";
import type { ClaimNote } from "../users/mapped-claims.js";
import type { LinkedBy } from "../users/provision-user.js";
import type { NameFault } from "../users/write-user.js";
import type { Scheme } from "./authorization-header.js";
import type { RefusalDetails } from "./bearer-authority.js";

/** What is worth a line in a log. It never holds a credential. */
export type VerifierEvent =
  | (Answered & {
      readonly kind: "rejected";
      readonly scheme: Scheme | undefined;
      /** A stable word such as `unknown_token`, `expired` or `mistyped`. */
      readonly reason: string;
      /** The identifier of the API token, where there is one. */
      readonly token?: string;
    } & RefusalDetails)
  /** Who it is was clear, but not allowed. */
  | (Answered & {
      readonly kind: "forbidden";
      readonly scheme: Scheme;
      /** The identifier of the API token or OIDC client. */
      readonly credential: string;
      readonly username: string;
      readonly permission: string;
    })
  /** A source had too many failed attempts; this one was not looked at. An IPv6 source is told as its network. */
  | (Answered & { readonly kind: "throttled"; readonly source: string })
  /** Nothing is known against the request; it has to be asked again. */
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
  /** That of the problem that the client got: one finds the other. */
  readonly instance: string;
}

/** The name of the `diagnostics_channel` that every event is published on. */
export const channelName = "vtb-setup:verifier";

const events = channel(channelName);

/** Gives a function that tells an event to whoever listens. */
export function createReporter(onEvent: ((event: VerifierEvent) => void) | undefined): (event: VerifierEvent) => void {
  return (event) => {
    events.publish(event);
    try {
      onEvent?.(event);
    } catch (error) {
      // As with the channel's own subscribers: a log that fails is heard of, but does not decide about the request.
      process.nextTick(() => {
        throw error;
      });
    }
  };
}

/** What an operator may want to know of. Never a token, a claim or a key. */
export type BearerEvent =
  | ProviderEvent
  | { readonly kind: "client_unusable"; readonly client: string; readonly message: string }
  | { readonly kind: "mapping_ignored"; readonly client: string; readonly fields: readonly string[] }
  | (ClaimNote & { readonly client: string; readonly userId: string })
  /** A token was older than what its user was last made of: it was accepted, and changed nothing. */
  | { readonly kind: "claims_stale"; readonly client: string; readonly userId: string }
  /** Somebody signed in for the first time as a user that was there: as a file says, or by the username. */
  | { readonly kind: "user_linked"; readonly client: string; readonly userId: string; readonly by: LinkedBy }
  /** The person has another name at the provider now, and so has the user; or keeps the old one, since somebody else has the new. */
  | { readonly kind: "user_renamed"; readonly client: string; readonly userId: string }
  | { readonly kind: "username_kept"; readonly client: string; readonly userId: string; readonly reason: NameFault }
  | { readonly kind: "user_written"; readonly client: string; readonly userId: string };

export type OnBearerEvent = (event: BearerEvent) => void;
