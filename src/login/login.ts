import type { Principal } from "../users/principal.js";
import type { RequestHeaders } from "./same-origin.js";

export interface StartRequest {
  /** Where to go after the login: a path of the server's own; anything else becomes `/`. */
  readonly next?: string | undefined;
  /** The request's `Cookie` header: with it, logins that were begun and left are tidied up in the browser. */
  readonly cookieHeader?: string | undefined;
}

export interface PasswordRequest {
  readonly username: string;
  readonly password: string;
  readonly next?: string | undefined;
}

/**
 * Logs people in through the configured OpenID provider. A `cookieHeader` is a request's whole `Cookie` header. Every function
 * throws a SetupError (unavailable) while the database can't be reached.
 */
export interface Login {
  /** Begins a login: gives the provider's page to go to. */
  readonly start: (request?: StartRequest) => Promise<LoginRedirect | LoginRefusal>;
  /**
   * Ends it when the browser comes back. A redirect is there when the provider wants it begun again, as Keycloak does when the
   * person signed in from another tab meanwhile.
   *
   * @param callbackUrl the request's URL, or its path and query; only the query is looked at
   */
  readonly finish: (
    callbackUrl: string,
    cookieHeader: string | undefined,
  ) => Promise<LoginSuccess | LoginRefusal | LoginRedirect>;
  /**
   * For emergencies: signs in a user who has a password, also while the provider is down. Each use is written to the history.
   * Look at {@link isSameOrigin} before.
   */
  readonly signInWithPassword: (
    request: PasswordRequest,
    cookieHeader: string | undefined,
  ) => Promise<LoginSuccess | LoginRefusal>;
  /** Undefined where nobody is logged in, or not any more: user, staff flag and client are looked at each time. */
  readonly session: (cookieHeader: string | undefined) => Promise<Session | undefined>;
  /** Whether a form's field holds the session's token. */
  readonly checkCsrf: (session: Session, submitted: unknown) => boolean;
  /** Whether a request that changes something comes from a page of the server's own, by its `Origin` and `Sec-Fetch-Site`. */
  readonly isSameOrigin: (headers: RequestHeaders) => boolean;
  /** Whether a login can be begun: the client is there and enabled. For showing the button or not. */
  readonly isEnabled: () => Promise<boolean>;
  /** Ends the session here, and says where it ends at the provider. */
  readonly logout: (cookieHeader: string | undefined) => Promise<LogoutOutcome>;
  /**
   * Ends all sessions of a user here, in every browser; gives how many there were. For a person who wants it, or an account that
   * another person got into.
   */
  readonly endSessionsOf: (userId: string) => Promise<number>;
  /**
   * Fetches the provider's keys anew. Those known until now count for nothing from the moment that it is called, so that a disabled
   * one ends at once: while the provider can't be reached, nobody signs in through it. Sessions stay.
   */
  readonly refreshKeys: () => Promise<void>;
  readonly close: () => Promise<void>;
}

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
