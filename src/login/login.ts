import type { LoginRedirect, LoginRefusal, LoginSuccess, LogoutOutcome, Session } from "./outcome.js";
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
