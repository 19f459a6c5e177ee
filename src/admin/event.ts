import type { LoginEvent } from "../login/event.js";

/** For the log of the server; never a secret, a claim or what was typed. */
export type AdminEvent = LoginEvent | FormRefused | AdminFailed;

/** A request that changes data was not accepted. */
export interface FormRefused {
  readonly kind: "form_refused";
  readonly reason: "foreign_origin" | "wrong_host" | "no_session" | "wrong_csrf_token" | "not_a_form" | "too_large";
  readonly path: string;
}

/** A page could not be made. */
export interface AdminFailed {
  readonly kind: "admin_failed";
  readonly path: string;
  readonly error: unknown;
}
