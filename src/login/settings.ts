import type { PoolOptions } from "../database/live-database.js";
import { estimatedBits } from "../secrets/placeholder.js";
import { Secret } from "../secrets/secret.js";
import type { LoginEvent } from "./event.js";
import type { LoginLanguage } from "./texts.js";

export interface LoginOptions {
  /** Such as `sqlite:./vtb-auth.db`; made by `vtb-setup apply`. */
  readonly database: string;
  /** Identifier of the OIDC client that logs people in; `admin-oidc` by default. */
  readonly client?: string | undefined;
  /** Where the provider sends people back to, exactly as it is registered there. Its origin is the server's own. */
  readonly redirectUri: string;
  /** At least 32 characters, the same in every process and across restarts: cookies and stored ID tokens are sealed with it. */
  readonly sessionSecret: string;
  /** Where the provider sends people after its own logout, exactly as it is registered there; nowhere without it. */
  readonly postLogoutRedirectUri?: string | undefined;
  /** How long a session lasts without a request; 30 minutes by default. */
  readonly idleTimeoutMs?: number | undefined;
  /** How long a session lasts at most; 12 hours by default. */
  readonly lifetimeMs?: number | undefined;
  /** How far the provider's clock may be off, as ID tokens show it: 0 to 300 seconds; 30 by default. */
  readonly leewaySeconds?: number | undefined;
  /** Whether only staff may sign in, as on admin pages; true by default. */
  readonly requireStaff?: boolean | undefined;
  /** Groups that no claim can put a user in, whatever the provider says; none by default. */
  readonly reservedGroups?: readonly string[] | undefined;
  /** Of the texts for people; `nl` by default. */
  readonly language?: LoginLanguage | undefined;
  /** Where `VTB_SETUP_KEY` and `VTB_SETUP_KEY_FILE` are looked up; the process's own by default. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** How many connections to a server; a file has no use for it. */
  readonly pool?: PoolOptions | undefined;
  /** Receives who signs in and out and why a login was refused; never a code, token, state or claim. */
  readonly onEvent?: ((event: LoginEvent) => void) | undefined;
  /** In milliseconds since 1970, for tests. */
  readonly now?: (() => number) | undefined;
}

/** Validated options. */
export interface LoginSettings {
  readonly client: string;
  /** As written: the provider compares it byte by byte. */
  readonly redirectUri: string;
  readonly redirectUrl: URL;
  readonly postLogoutRedirectUri: string | undefined;
  readonly sessionSecret: Secret;
  /** False on http, which only this machine may use: then cookies can't be limited to https. */
  readonly isSecure: boolean;
  readonly idleTimeoutMs: number;
  readonly lifetimeMs: number;
  readonly leewaySeconds: number;
  readonly requireStaff: boolean;
  readonly reservedGroups: readonly string[];
}

const minSecret = 32;
const minBits = 64;
const maxMs = 400 * 24 * 3_600_000;
const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Reports mistakes in a program when it starts.
 *
 * @throws TypeError for an invalid URL or secret, RangeError for an invalid time
 */
export function readSettings(options: LoginOptions): LoginSettings {
  const { client = "admin-oidc", redirectUri, postLogoutRedirectUri, sessionSecret } = options;
  const { idleTimeoutMs = 30 * 60_000, lifetimeMs = 12 * 3_600_000 } = options;
  const redirectUrl = readUrl("redirectUri", redirectUri);
  if (postLogoutRedirectUri !== undefined) readUrl("postLogoutRedirectUri", postLogoutRedirectUri);
  if (typeof sessionSecret !== "string" || sessionSecret.length < minSecret) {
    throw new TypeError(`sessionSecret must have at least ${minSecret} characters`);
  }
  if (estimatedBits(sessionSecret) < minBits) {
    throw new TypeError("sessionSecret is easy to guess: make one with `openssl rand -base64 32`");
  }
  for (const [name, timeMs] of Object.entries({ idleTimeoutMs, lifetimeMs })) {
    if (!(timeMs >= 60_000 && timeMs <= maxMs)) throw new RangeError(`${name} must be from a minute to 400 days`);
  }
  const { leewaySeconds = 30 } = options;
  if (!(leewaySeconds >= 0 && leewaySeconds <= 300)) throw new RangeError("leewaySeconds must be from 0 to 300");
  return {
    leewaySeconds,
    ...{ client, redirectUri, redirectUrl, postLogoutRedirectUri, idleTimeoutMs, lifetimeMs },
    sessionSecret: new Secret(sessionSecret),
    isSecure: redirectUrl.protocol === "https:",
    requireStaff: options.requireStaff ?? true,
    reservedGroups: options.reservedGroups ?? [],
  };
}

function readUrl(name: string, written: string): URL {
  const url = URL.canParse(written) ? new URL(written) : undefined;
  const isAllowed = url?.protocol === "https:" || (url?.protocol === "http:" && loopback.test(url.hostname));
  if (!url || !isAllowed || url.username !== "" || url.password !== "" || written.includes("#")) {
    throw new TypeError(`${name} must be an https URL without credentials or fragment; http only on this machine`);
  }
  return url;
}
