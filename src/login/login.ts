import type { DatabaseStatus } from "../database/database-status.js";
import type { ClientStatus, ProviderStatus } from "../oidc/provider-status.js";
import type { Principal } from "../users/principal.js";
import type { RefusalCode } from "./refusal-codes.js";
import type { RequestHeaders } from "./same-origin.js";
import type { LoginLanguage } from "./texts.js";
import type { TrialResult, UnsavedClient } from "./trial-result.js";

export interface StartRequest {
  /** The path on this server to go to after the login. Anything else becomes `/`. */
  readonly next?: string | undefined;
  /** The request's `Cookie` header, to clear cookies of abandoned logins. */
  readonly cookieHeader?: string | undefined;
  /**
   * The language of this login's pages, here and, where it has them, at the provider (`ui_locales`). Defaults to the option
   * `language`, and to no wish at the provider.
   */
  readonly language?: LoginLanguage | undefined;
  /**
   * What the provider must ask the user for, even if it knows the user: `login` for a sign-in, which is then verified; `consent`;
   * or `select_account`.
   */
  readonly prompt?: LoginPrompt | undefined;
  /** How long ago the user may have signed in at the provider, in whole seconds from 1 to 31,536,000; verified. */
  readonly maxAge?: number | undefined;
}

/** What the provider must ask the user for (OpenID Connect Core §3.1.2.1). */
export type LoginPrompt = "login" | "consent" | "select_account";

export interface FinishRequest {
  /** The language of a refusal. Defaults to the one that the login began with. */
  readonly language?: LoginLanguage | undefined;
}

export interface PasswordRequest {
  readonly username: string;
  readonly password: string;
  readonly next?: string | undefined;
  /**
   * Accepts superusers alone, and none whom claims made one: for a form that is there for emergencies while others sign in at the provider.
   * Defaults to false.
   */
  readonly superusersOnly?: boolean | undefined;
  /** The language of a refusal. Defaults to the option `language`. */
  readonly language?: LoginLanguage | undefined;
}

/**
 * Signs users in through the configured OpenID provider. A `cookieHeader` is a request's whole `Cookie` header.
 *
 * Each function throws a SetupError (unavailable) while the database can't be reached.
 */
export interface Login {
  /**
   * Starts a login. Returns the redirect to the provider.
   *
   * @throws TypeError, RangeError for an invalid `prompt` or `maxAge`
   */
  readonly start: (request?: StartRequest) => Promise<LoginRedirect | LoginRefusal>;
  /**
   * Finishes a login when the provider redirects the browser back. Returns another redirect if the provider requires a new
   * request, as Keycloak does after a sign-in from another tab.
   *
   * @param callbackUrl the request's URL, or its path and query; only the query is used
   */
  readonly finish: (
    callbackUrl: string,
    cookieHeader: string | undefined,
    request?: FinishRequest,
  ) => Promise<LoginSuccess | LoginRefusal | LoginRedirect | LoginTrial>;
  /**
   * Starts a sign-in that is only tried out, through any client of the database, enabled or not, or one that is not saved. It comes
   * back to the same redirect URI, where {@link finish} returns a {@link LoginTrial}: no session begins, and no user is written. Its
   * result has the reason of a failure and claims about a person, so only administrators may call it.
   *
   * @throws TypeError, RangeError for an invalid `prompt` or `maxAge`
   */
  readonly tryOut: (client: string | UnsavedClient, request?: StartRequest) => Promise<LoginRedirect | LoginTrial>;
  /**
   * For emergencies: signs in a user with a password, even while the provider is unavailable. Each use is recorded in the
   * history. Call {@link isSameOrigin} first.
   */
  readonly signInWithPassword: (
    request: PasswordRequest,
    cookieHeader: string | undefined,
  ) => Promise<LoginSuccess | LoginRefusal>;
  /** Undefined without a valid session. Checks user, staff flag and client each time. */
  readonly session: (cookieHeader: string | undefined) => Promise<Session | undefined>;
  /** Whether a form's field has the session's CSRF token. */
  readonly checkCsrf: (session: Session, submitted: unknown) => boolean;
  /** Whether a request that changes data comes from a page of this server, by its `Origin` and `Sec-Fetch-Site`. */
  readonly isSameOrigin: (headers: RequestHeaders) => boolean;
  /** Whether the client exists and is enabled, to show or hide the login button. */
  readonly isEnabled: () => Promise<boolean>;
  /** Ends the session. Returns where the browser logs out at the provider. */
  readonly logout: (cookieHeader: string | undefined) => Promise<LogoutOutcome>;
  /**
   * Ends all sessions of a user, in every browser, such as after an account was compromised. Returns how many there were.
   */
  readonly endSessionsOf: (userId: string) => Promise<number>;
  /**
   * Fetches the provider's keys again. The old ones are dropped as soon as it is called, so that a disabled one stops working at
   * once: while the provider can't be reached, nobody can sign in through it. Sessions stay.
   */
  readonly refreshKeys: () => Promise<void>;
  /**
   * What is known of its database, client and provider, for health endpoints: small, as JSON, without a secret. It looks at the
   * database, and asks no provider. While the database can't be reached, `isReady` is false and no error is thrown.
   */
  readonly status: () => Promise<LoginStatus>;
  readonly close: () => Promise<void>;
}

/** Set the cookies, and redirect the browser to `location`, the provider's page. */
export interface LoginRedirect {
  readonly kind: "redirect";
  readonly location: string;
  /** Whole values of `Set-Cookie` headers. */
  readonly cookies: readonly string[];
}

/** The user is signed in: set the cookies, and redirect the browser to `next`, a path on this server. */
export interface LoginSuccess {
  readonly kind: "signed_in";
  readonly principal: Principal<"session">;
  readonly next: string;
  readonly cookies: readonly string[];
}

/** What came of a sign-in that was tried out. Set the cookies, and show it to the administrator; nobody is signed in. */
export interface LoginTrial {
  readonly kind: "tried";
  readonly result: TrialResult;
  /** A path on this server. */
  readonly next: string;
  readonly cookies: readonly string[];
}

/**
 * A page to show. Its texts contain nothing from the request or the provider; escape them nevertheless. `onEvent` receives the
 * reason.
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
   * Set if another login may succeed: the path to pass to `start`, for a link to this server's login page.
   */
  readonly next: string | undefined;
  /** Whole values of `Set-Cookie` headers, which clear spent cookies. */
  readonly cookies: readonly string[];
}

/** A valid session. */
export interface Session {
  readonly principal: Principal<"session">;
  /** How the user signed in, to ask for the same again. */
  readonly signedInWith: "password" | "provider";
  /** For a hidden field of every form that changes data; see {@link Login.checkCsrf}. */
  readonly csrfToken: string;
  readonly startedAt: Date;
  /**
   * When the user last proved who it is: with a password here, or at the provider (`auth_time`). Undefined if the provider does not
   * say so; then the sign-in is never recent.
   */
  readonly authenticatedAt: Date | undefined;
  /** When it ends if there is no other request. */
  readonly expiresAt: Date;
}

/**
 * Redirect the browser to `location`: the provider's logout, if any, or a path on this server. If there is a `form`, show a page
 * with it instead.
 */
export interface LogoutOutcome {
  readonly location: string;
  /**
   * Set if the ID token, which identifies the user at the provider's logout, is too long for a URL (OpenID Connect
   * RP-Initiated Logout §2): hidden fields to post to `action`.
   */
  readonly form: LogoutForm | undefined;
  readonly cookies: readonly string[];
}

export interface LogoutForm {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** What a login knows of what it works with. For operators: it names hosts and the client, but has no secret. */
export interface LoginStatus {
  /**
   * Whether it can decide requests: its database answers. The provider does not count: while it is down, sessions go on, and so
   * do sign-ins with a password.
   */
  readonly isReady: boolean;
  readonly database: DatabaseStatus;
  /** The client that users log in with; undefined where the database does not answer. */
  readonly client?: ClientStatus;
  /** Its provider; undefined before the first sign-in through it, since nothing is known of it then. */
  readonly provider?: ProviderStatus;
}
