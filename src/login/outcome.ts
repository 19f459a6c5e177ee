import type { Principal } from "../identity/principal.js";
import type { RefusalCode } from "./refusal-code.js";

/** Send the browser to `location` with these cookies. */
export interface LoginRedirect {
  readonly kind: "redirect";
  readonly location: string;
  /** Whole values of `Set-Cookie` headers. */
  readonly cookies: readonly string[];
}

/** Somebody has signed in: set the cookies and send the browser to `next`, a path of the server's own. */
export interface LoginSuccess {
  readonly kind: "signed_in";
  readonly principal: Principal<"session">;
  readonly next: string;
  readonly cookies: readonly string[];
}

/**
 * A page to show. All of it is plain text of our own, without anything from the request or the provider; escape it all the same.
 * The reason is told to `onEvent`.
 */
export interface LoginRefusal {
  readonly kind: "refused";
  readonly status: 400 | 403 | 429 | 502 | 503;
  readonly code: RefusalCode;
  readonly title: string;
  readonly text: string;
  /** What the user can do about it. */
  readonly action: string;
  /** Whole values of `Set-Cookie` headers: what is spent goes away. */
  readonly cookies: readonly string[];
}

/** A session of this moment. */
export interface Session {
  readonly principal: Principal<"session">;
  /** For a hidden field of every form that changes something; see {@link Login.checkCsrf}. */
  readonly csrfToken: string;
  readonly startedAt: Date;
  /** When it ends if no further request comes. */
  readonly expiresAt: Date;
}

/** Send the browser to `location`: the provider's logout, where there is one, or a path of the server's own. */
export interface LogoutOutcome {
  readonly location: string;
  readonly cookies: readonly string[];
}
