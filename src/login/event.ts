import type { ClientEvent, ProviderEvent } from "../oidc/event.js";
import type { ProvisionEvent } from "../users/provision-user.js";
import type { RefusalCode } from "./refusal-codes.js";

/** An event for a log. Names users by id; never contains a code, token, state, password or claim. */
export type LoginEvent =
  | { readonly kind: "started"; readonly client: string }
  /** The provider required a restart: the user signed in from another tab, or left the page open for too long. */
  | { readonly kind: "restarted"; readonly client: string; readonly reason: "authentication_expired" }
  /** The page to go to after the login was not on this server. */
  | { readonly kind: "next_ignored"; readonly client: string }
  | { readonly kind: "signed_in"; readonly client: string; readonly userId: string }
  /** A sign-in was tried out; nobody is signed in. With `code` and `reason`, it would have been refused. */
  | {
      readonly kind: "tried";
      /** The client's identifier; empty for one that is not saved. */
      readonly client: string;
      readonly code?: RefusalCode;
      readonly reason?: string;
    }
  /** A sign-in with a password, bypassing the provider. */
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
      /** A stable reason such as `wrong_nonce` or `expired`, more specific than the code. */
      readonly reason: string;
    } & RejectionDetails)
  /** `reason` is `logout`, or why the server ended the session, such as `code_replayed` or `new_login`. */
  | { readonly kind: "session_ended"; readonly client: string; readonly userId: string; readonly reason: string }
  /** The time of a session's last use could not be written. */
  | { readonly kind: "session_not_noted"; readonly client: string }
  /** The configuration is less secure than it could be. */
  | { readonly kind: "weakened"; readonly client: string; readonly message: string }
  | ProvisionEvent
  | ClientEvent
  | ProviderEvent;

/** A rejection's details for a log, beside its reason. */
export interface RejectionDetails {
  readonly userId?: string;
  /** The path to the invalid claim, as written in a file. */
  readonly claim?: string;
  /** The actual value: bounded, on one line, never a secret. It may quote the provider. */
  readonly found?: string;
  readonly expected?: string;
  /** How an operator can fix it, if the reason does not make that clear. */
  readonly hint?: string;
}

/** The name of the `diagnostics_channel` that every event is published on. */
export const channelName = "vtb-setup:login";
