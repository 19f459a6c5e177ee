import type { Principal } from "../users/principal.js";
import type { RefusalCode } from "./refusal-code.js";

/** Send the browser to `location`, the provider's page, with these cookies. */
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
 * A page to show. All of its texts are our own, without anything from the request or the provider; escape them all the same.
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
  /**
   * Set where beginning again may help: for a link to the server's own login page, which passes it to `start`. The path that the
   * login was to go to, or `/`.
   */
  readonly next: string | undefined;
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

/**
 * Send the browser to `location`: the provider's logout, where there is one, or a path of the server's own. Where there is a `form`,
 * show a page with it instead.
 */
export interface LogoutOutcome {
  readonly location: string;
  /**
   * Set where the ID token, by which the provider knows whom to log out without asking, is too long for a URL (OpenID Connect
   * RP-Initiated Logout §2): hidden fields to be posted to `action`.
   */
  readonly form: LogoutForm | undefined;
  readonly cookies: readonly string[];
}

export interface LogoutForm {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
}
