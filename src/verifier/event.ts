import type { ClientEvent, ProviderEvent } from "../oidc/event.js";
import type { ProvisionEvent } from "../users/provision-user.js";
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

/** An event for an operator. Never a token, a claim or a key. */
export type BearerEvent = ProvisionEvent | ClientEvent | ProviderEvent;

export type OnBearerEvent = (event: BearerEvent) => void;
