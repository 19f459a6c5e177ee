import { parseUrl } from "../characters.js";
import type { PoolOptions } from "../database/live-database.js";
import { isEasyToGuess } from "../secrets/placeholder.js";
import { Secret } from "../secrets/secret.js";
import type { LoginEvent } from "./event.js";
import type { LoginTelemetry } from "./observer.js";
import { isLanguage, type LoginLanguage } from "./texts.js";

export interface LoginOptions {
  /** The URL of the auth database, such as `sqlite:./vtb-auth.db`; created by `vtb-setup apply`. */
  readonly database: string;
  /** Identifier of the OIDC client that users log in with. Defaults to `admin-oidc`. */
  readonly client?: string | undefined;
  /** The redirect URI, exactly as registered at the provider. Its origin is this server's. */
  readonly redirectUri: string;
  /**
   * Seals cookies and stored ID tokens. At least 32 characters, the same in every process and after a restart. Defaults to one
   * that is derived from the sealing key of the database's secrets.
   */
  readonly sessionSecret?: string | undefined;
  /** Where the provider redirects after its logout, exactly as registered there. Defaults to no redirect. */
  readonly postLogoutRedirectUri?: string | undefined;
  /**
   * What the names of the cookies begin with: lower-case letters, digits and single hyphens, at most 32. Servers on one host,
   * whatever their ports, need different names. Defaults to `vtb`.
   */
  readonly cookieName?: string | undefined;
  /** How long a session lasts without a request. Defaults to 30 minutes. */
  readonly idleTimeoutMs?: number | undefined;
  /** The maximum duration of a session. Defaults to 12 hours. */
  readonly lifetimeMs?: number | undefined;
  /** The maximum clock skew when checking ID tokens, 0 to 300 seconds. Defaults to 30. */
  readonly leewaySeconds?: number | undefined;
  /** Whether only staff and superusers may sign in. Defaults to true. */
  readonly requireStaff?: boolean | undefined;
  /** Groups that no claim can add a user to, regardless of case. Defaults to none. */
  readonly reservedGroups?: readonly string[] | undefined;
  /** The language of the pages' texts where a request has none. Defaults to `nl`. */
  readonly language?: LoginLanguage | undefined;
  /** Where `VTB_SETUP_KEY` and `VTB_SETUP_KEY_FILE` are looked up. Defaults to the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** The connection pool of a database server. Ignored for a database file. */
  readonly pool?: PoolOptions | undefined;
  /** Receives sign-ins, logouts and the reasons of rejected logins; never a code, token, state or claim. */
  readonly onEvent?: ((event: LoginEvent) => void) | undefined;
  /** Counts and times what it does: what `createTelemetry` of `vtb-setup/telemetry` returns. Defaults to nothing. */
  readonly telemetry?: LoginTelemetry | undefined;
  /** The current time in milliseconds since 1970, for tests. Defaults to `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** Validated options. */
export interface LoginSettings {
  readonly client: string;
  /** As written, since the provider compares it byte by byte. */
  readonly redirectUri: string;
  readonly redirectUrl: URL;
  readonly postLogoutRedirectUri: string | undefined;
  /** Undefined to derive it from the sealing key. */
  readonly sessionSecret: Secret | undefined;
  /** False for http on this machine: then cookies can't be limited to https. */
  readonly isSecure: boolean;
  readonly cookieName: string;
  readonly language: LoginLanguage;
  readonly idleTimeoutMs: number;
  readonly lifetimeMs: number;
  readonly leewaySeconds: number;
  readonly requireStaff: boolean;
  readonly reservedGroups: readonly string[];
}

const cookieNameForm = /^(?=.{1,32}$)[a-z0-9]+(?:-[a-z0-9]+)*$/;
const minSecret = 32;
const minBits = 64;
const maxMs = 400 * 24 * 3_600_000;
const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Validates the options when the program starts.
 *
 * @throws TypeError for an invalid URL, secret, cookie name or language, RangeError for an invalid time
 */
export function readSettings(options: LoginOptions): LoginSettings {
  const { client = "admin-oidc", redirectUri, postLogoutRedirectUri, sessionSecret } = options;
  const { idleTimeoutMs = 30 * 60_000, lifetimeMs = 12 * 3_600_000 } = options;
  const redirectUrl = readUrl("redirectUri", redirectUri);
  if (postLogoutRedirectUri !== undefined) readUrl("postLogoutRedirectUri", postLogoutRedirectUri);
  // An empty one is a variable that is not set where it should be.
  if (sessionSecret !== undefined) assertSessionSecret(sessionSecret);
  const { cookieName = "vtb", language = "nl" } = options;
  if (!cookieNameForm.test(cookieName)) {
    throw new TypeError("cookieName must have 1 to 32 lower-case letters, digits and single hyphens between them");
  }
  if (!isLanguage(language)) throw new TypeError("language must be `nl` or `en`");
  for (const [name, timeMs] of Object.entries({ idleTimeoutMs, lifetimeMs })) {
    if (!(timeMs >= 60_000 && timeMs <= maxMs)) throw new RangeError(`${name} must be from 1 minute to 400 days`);
  }
  const { leewaySeconds = 30 } = options;
  if (!(leewaySeconds >= 0 && leewaySeconds <= 300)) throw new RangeError("leewaySeconds must be from 0 to 300");
  return {
    leewaySeconds,
    client,
    redirectUri,
    redirectUrl,
    postLogoutRedirectUri,
    idleTimeoutMs,
    lifetimeMs,
    sessionSecret: sessionSecret === undefined ? undefined : new Secret(sessionSecret),
    isSecure: redirectUrl.protocol === "https:",
    cookieName,
    language,
    requireStaff: options.requireStaff ?? true,
    reservedGroups: options.reservedGroups ?? [],
  };
}

function assertSessionSecret(written: unknown): void {
  if (typeof written !== "string" || written.length < minSecret) {
    throw new TypeError(`sessionSecret must have at least ${minSecret} characters`);
  }
  if (isEasyToGuess(written, minBits)) {
    throw new TypeError("sessionSecret is easy to guess: generate one with `openssl rand -base64 32`");
  }
}

function readUrl(name: string, written: string): URL {
  const url = parseUrl(written);
  const isAllowed = url?.protocol === "https:" || (url?.protocol === "http:" && loopback.test(url.hostname));
  if (!url || !isAllowed || url.username !== "" || url.password !== "" || written.includes("#")) {
    throw new TypeError(
      `${name} must be an https URL without credentials or fragment; http is only allowed for this machine`,
    );
  }
  return url;
}
