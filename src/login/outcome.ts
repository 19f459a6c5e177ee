import type { Principal } from "../users/principal.js";

/** Send the browser to `location`, the provider's page, with these cookies. */
export interface LoginRedirect {
  readonly kind: "redirect";
  readonly location: string;
  /** Whole values of `Set-Cookie` headers. */
  readonly cookies: readonly string[];
}

/** The user is signed in: set the cookies and send the browser to `next`, a path on this server. */
export interface LoginSuccess {
  readonly kind: "signed_in";
  readonly principal: Principal<"session">;
  readonly next: string;
  readonly cookies: readonly string[];
}

/**
 * A page to show. All of its texts are our own, without anything from the request or the provider; escape them all the same.
 * `onEvent` gets the reason.
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
   * Set where starting again may help: for a link to the server's own login page, which passes it to `start`. The login's
   * target path, or `/`.
   */
  readonly next: string | undefined;
  /** Whole values of `Set-Cookie` headers, which clear spent cookies. */
  readonly cookies: readonly string[];
}

/** A current session. */
export interface Session {
  readonly principal: Principal<"session">;
  /** For a hidden field of every form that changes data; see {@link Login.checkCsrf}. */
  readonly csrfToken: string;
  readonly startedAt: Date;
  /** When it ends without another request. */
  readonly expiresAt: Date;
}

/**
 * Send the browser to `location`: the provider's logout, if any, or a path on this server. Where there is a `form`,
 * show a page with it instead.
 */
export interface LogoutOutcome {
  readonly location: string;
  /**
   * Set where the ID token, which identifies the user at the provider's logout, is too long for a URL (OpenID Connect
   * RP-Initiated Logout §2): hidden fields to be posted to `action`.
   */
  readonly form: LogoutForm | undefined;
  readonly cookies: readonly string[];
}

export interface LogoutForm {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Every page that a login may end with, and its HTTP status. Codes are part of the public interface: never rename them. */
export const refusalStatus = {
  /** The browser came back without a login that it had started, or with another one's state. */
  state_invalid: 400,
  /** The login took longer than thirty minutes. */
  state_expired: 400,
  /** The login ended before. */
  state_used: 400,
  /** The callback's query is not an answer to a login. */
  callback_invalid: 400,
  /** The answer comes from another provider. */
  issuer_mismatch: 400,
  /** The provider does not accept its code, or no longer. */
  code_refused: 400,
  /** The provider refused the user, or the user gave up. */
  provider_refused: 403,
  /** The provider failed, or answered with an unknown error. */
  provider_failed: 502,
  /** The provider does not accept the client's request: trying again is of no use until its configuration changes. */
  configuration_rejected: 502,
  /** The provider can't be reached. */
  provider_unavailable: 503,
  /** The provider's data about the user is not reliable. */
  identity_unverified: 502,
  /** The provider's data is not enough to create a user. */
  user_refused: 403,
  /** The provider says that the user has groups, but not which. */
  groups_overage: 403,
  /** There is a user of this name, and no file says that this person may become it. */
  user_not_linked: 403,
  user_inactive: 403,
  user_not_staff: 403,
  client_disabled: 403,
  /** The client is missing, or lacks what a login needs. */
  not_configured: 503,
  password_refused: 403,
  too_many_attempts: 429,
} as const;

export type RefusalCode = keyof typeof refusalStatus;

/** The pages after which starting again may well succeed. */
export const worthAnotherTry: ReadonlySet<RefusalCode> = new Set([
  ...(["state_invalid", "state_expired", "state_used", "callback_invalid", "issuer_mismatch", "code_refused"] as const),
  ...(["provider_refused", "provider_failed", "provider_unavailable", "identity_unverified"] as const),
]);
