import { channel } from "node:diagnostics_channel";
import type { ProviderEvent } from "../oidc/event.js";
import type { ClaimNote } from "../users/mapped-claims.js";
import type { LinkedBy } from "../users/provision-user.js";
import type { NameFault } from "../users/write-user.js";
import type { RefusalCode } from "./outcome.js";

/** What is worth a line in a log. Users are named by their id; never a code, token, state, password or claim. */
export type LoginEvent =
  | { readonly kind: "started"; readonly client: string }
  /** The provider had a login begun again: somebody signed in from another tab, or left the page open for too long. */
  | { readonly kind: "restarted"; readonly client: string; readonly reason: "authentication_expired" }
  /** The page to go to after the login was none of the server's own. */
  | { readonly kind: "next_ignored"; readonly client: string }
  | { readonly kind: "signed_in"; readonly client: string; readonly userId: string }
  /** Somebody came in with a password, past the provider. */
  | {
      readonly kind: "signed_in_with_password";
      readonly client: string;
      readonly userId: string;
      readonly runId: string;
    }
  | ({
      readonly kind: "refused";
      readonly client: string;
      readonly code: RefusalCode;
      /** A stable word such as `wrong_nonce` or `expired`, more exact than the code. */
      readonly reason: string;
    } & FaultDetails)
  /** `reason` is `logout`, or why the session was ended from here: such as `code_replayed` or `new_login`. */
  | { readonly kind: "session_ended"; readonly client: string; readonly userId: string; readonly reason: string }
  /** The time at which a session was last used was not written. */
  | { readonly kind: "session_not_noted"; readonly client: string }
  /** Newer claims than those of this sign-in were applied meanwhile: it was accepted, and changed nothing. */
  | { readonly kind: "claims_stale"; readonly client: string; readonly userId: string }
  /** Somebody signed in for the first time as a user that was there: as a file says, or by the username. */
  | { readonly kind: "user_linked"; readonly client: string; readonly userId: string; readonly by: LinkedBy }
  /** The person has another name at the provider now, and so has the user; or keeps the old one, since somebody else has the new. */
  | { readonly kind: "user_renamed"; readonly client: string; readonly userId: string }
  | { readonly kind: "username_kept"; readonly client: string; readonly userId: string; readonly reason: NameFault }
  | { readonly kind: "user_written"; readonly client: string; readonly userId: string }
  | (ClaimNote & { readonly client: string; readonly userId: string })
  | { readonly kind: "mapping_ignored"; readonly client: string; readonly fields: readonly string[] }
  /** What is wrong with the client, for an operator. */
  | { readonly kind: "client_unusable"; readonly client: string; readonly message: string }
  /** The configuration allows less safety than it could have. */
  | { readonly kind: "weakened"; readonly client: string; readonly message: string }
  | ProviderEvent;

/** What a log should hear of a refusal beside its reason. */
export interface FaultDetails {
  readonly userId?: string;
  /** The path to the claim that is to blame, as a file writes it. */
  readonly claim?: string;
  /** What came instead of what is expected: bounded, in one line, never a secret. It may quote the provider. */
  readonly found?: string;
  readonly expected?: string;
  /** What an operator may do about it, where that is not plain from the reason. */
  readonly hint?: string;
}

/** The name of the `diagnostics_channel` that every event is published on. */
export const channelName = "vtb-setup:login";

const events = channel(channelName);

/** Gives a function that tells an event to whoever listens. */
export function createReporter(onEvent: ((event: LoginEvent) => void) | undefined): (event: LoginEvent) => void {
  return (event) => {
    events.publish(event);
    try {
      onEvent?.(event);
    } catch (error) {
      // As with the channel's own subscribers: a log that fails is heard of, but does not decide about a login.
      process.nextTick(() => {
        throw error;
      });
    }
  };
}
