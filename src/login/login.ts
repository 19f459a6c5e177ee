import type { PoolOptions } from "../database/live-database.js";
import type { LoginEvent } from "./event.js";
import type { LoginRedirect, LoginRefusal, LoginSuccess, LogoutOutcome, Session } from "./outcome.js";
import type { RequestHeaders } from "./same-origin.js";
import type { LoginLanguage } from "./texts.js";

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
   * somebody else got into.
   */
  readonly endSessionsOf: (userId: string) => Promise<number>;
  /**
   * Fetches the provider's keys anew. Those known until now count for nothing from the moment that it is called, so that a disabled
   * one ends at once: while the provider can't be reached, nobody signs in through it. Sessions stay.
   */
  readonly refreshKeys: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface LoginOptions {
  /** Such as `sqlite:./vtb-auth.db`; made by `vtb-setup apply`. */
  readonly database: string;
  /** Identifier of the OIDC client that logs people in; `admin-oidc` unless told. */
  readonly client?: string | undefined;
  /** Where the provider sends people back to, exactly as it is registered there. Its origin is the server's own. */
  readonly redirectUri: string;
  /** At least 32 characters, the same in every process and across restarts: cookies and stored ID tokens are sealed with it. */
  readonly sessionSecret: string;
  /** Where the provider sends people after its own logout, exactly as it is registered there; nowhere unless told. */
  readonly postLogoutRedirectUri?: string | undefined;
  /** How long a session lasts without a request; 30 minutes unless told. */
  readonly idleTimeoutMs?: number | undefined;
  /** How long a session lasts at most; 12 hours unless told. */
  readonly lifetimeMs?: number | undefined;
  /** How far the provider's clock may be off, as ID tokens show it: 0 to 300 seconds; 30 unless told. */
  readonly leewaySeconds?: number | undefined;
  /** Whether only staff are let in, as on admin pages; true unless told. */
  readonly requireStaff?: boolean | undefined;
  /** Groups that no claim can put anybody in, whatever the provider says; none unless told. */
  readonly reservedGroups?: readonly string[] | undefined;
  /** Of the texts for people; `nl` unless told. */
  readonly language?: LoginLanguage | undefined;
  /** Where `VTB_SETUP_KEY` and `VTB_SETUP_KEY_FILE` are looked up; the process's own unless given. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** How many connections to a server; a file has no use for it. */
  readonly pool?: PoolOptions | undefined;
  /** Hears who signs in and out and why somebody was refused; never a code, token, state or claim. */
  readonly onEvent?: ((event: LoginEvent) => void) | undefined;
  /** In milliseconds since 1970, for tests. */
  readonly now?: (() => number) | undefined;
}
