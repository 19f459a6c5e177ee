import type { LoginEvent } from "../login/event.js";

/** For the log of the server; never a secret, a claim or what was typed. */
export type AdminEvent = LoginEvent | FormRefused | TooManyAttempts | BootstrapEvent | AdminFailed;

/** A request that changes data was not accepted. */
export interface FormRefused {
  readonly kind: "form_refused";
  readonly reason: "foreign_origin" | "wrong_host" | "no_session" | "wrong_csrf_token" | "not_a_form" | "too_large";
  readonly path: string;
}

/** Too many passwords or one-time codes were wrong that came from one address. */
export interface TooManyAttempts {
  readonly kind: "too_many_attempts";
  readonly what: "password" | "code";
  /** Undefined where the server does not know it. */
  readonly address: string | undefined;
}

/** What happened to a one-time code. */
type BootstrapEvent =
  /** Someone typed it. `runId` is in the history. */
  | { readonly kind: "bootstrap_started"; readonly runId: string }
  /** What was typed is wrong, expired or was used before; or someone can sign in as an administrator by now. */
  | {
      readonly kind: "bootstrap_refused";
      readonly reason: "wrong_code" | "bootstrap_over";
      readonly address: string | undefined;
    }
  /** Its session ended, since someone can sign in as an administrator now, or by signing out. */
  | { readonly kind: "bootstrap_ended"; readonly reason: "bootstrap_over" | "logout" };

/** A page could not be made. */
interface AdminFailed {
  readonly kind: "admin_failed";
  readonly path: string;
  readonly error: unknown;
}
