import { createHash } from "node:crypto";
import { parseUrl } from "../characters.js";
import type { PoolOptions } from "../database/live-database.js";
import type { AdminEvent } from "./event.js";

export interface AdminOptions {
  /** The URL of the auth database, such as `sqlite:./vtb-auth.db`; created by `vtb-setup apply` or `vtb-setup admin`. */
  readonly database: string;
  /**
   * Where browsers see the pages, with the path that they are under, such as `https://example.nl/beheer`. It must be https, but for
   * this machine. The provider's redirect URI is `oidc/callback` below it.
   */
  readonly publicUrl: string;
  /** Identifier of the OIDC client that administrators sign in with. Defaults to `admin-oidc`. */
  readonly client?: string | undefined;
  /** When people may sign in with a password: while no login client is enabled (`emergency`, the default), or `always`. */
  readonly passwordSignIn?: "emergency" | "always" | undefined;
  /**
   * Whether {@link Admin.bootstrapCode} may make one-time codes, and browsers type them at `bootstrap`. Defaults to false: in a server
   * of your own, make the first administrator with a file or a command.
   */
  readonly bootstrap?: boolean | undefined;
  /** As of `createLogin`: defaults to one that is derived from the sealing key. */
  readonly sessionSecret?: string | undefined;
  /**
   * What the names of the cookies begin with. Servers on one host, whatever their ports and paths, need different names. Defaults to
   * `vtb-admin-` and eight digits that differ for each `publicUrl`.
   */
  readonly cookieName?: string | undefined;
  /** How long a session lasts without a request, in milliseconds. Defaults to 30 minutes. */
  readonly idleTimeoutMs?: number | undefined;
  /** The maximum duration of a session, in milliseconds. Defaults to 12 hours. */
  readonly lifetimeMs?: number | undefined;
  /** The IANA name of the zone in which times are shown and typed. Defaults to `Europe/Amsterdam`. */
  readonly timeZone?: string | undefined;
  /** Whom to ask about what a file manages: a name or an e-mail address, shown as it is. */
  readonly contact?: string | undefined;
  /**
   * The path of a style sheet on the same host, such as `/huisstijl.css`, that follows the pages' own: for its custom properties.
   */
  readonly styleSheet?: string | undefined;
  /** Variables for the database's address and the sealing key. Defaults to the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** The connection pool of a database server. Ignored for a database file. */
  readonly pool?: PoolOptions | undefined;
  /** Receives sign-ins, refusals and failures; never a secret or what was typed. */
  readonly onEvent?: ((event: AdminEvent) => void) | undefined;
  /** The current time in milliseconds since 1970, for tests. Defaults to `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** Validated options. */
export interface AdminSettings {
  readonly publicUrl: URL;
  /** The path that the pages are under, without a slash at its end: empty for `/`. */
  readonly basePath: string;
  /** Browsers reach it on this machine alone. */
  readonly isLoopback: boolean;
  readonly isSecure: boolean;
  readonly client: string;
  readonly passwordSignIn: "emergency" | "always";
  readonly bootstrap: boolean;
  readonly cookieName: string;
  readonly timeZone: string;
  readonly contact: string | undefined;
  readonly styleSheet: string | undefined;
}

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;
const pathForm = /^(?:\/[A-Za-z0-9._~-]+)*$/;
const styleSheetForm = /^\/(?!\/)[A-Za-z0-9._~/%?=&-]*$/;
const maxContact = 200;

/**
 * Validates the options that the login does not validate.
 *
 * @throws TypeError for an invalid URL, time zone or contact
 */
export function readAdminSettings(options: AdminOptions): AdminSettings {
  const { client = "admin-oidc", passwordSignIn = "emergency" } = options;
  const { timeZone = "Europe/Amsterdam", contact } = options;
  const publicUrl = readPublicUrl(options.publicUrl);
  const basePath = publicUrl.pathname.replace(/\/+$/, "");
  if (!pathForm.test(basePath)) {
    throw new TypeError("the path of publicUrl may only have letters, digits, `.`, `_`, `~`, `-` and single slashes");
  }
  const cookieName = options.cookieName ?? defaultCookieName(publicUrl.origin + basePath);
  if (passwordSignIn !== "emergency" && passwordSignIn !== "always") {
    throw new TypeError("passwordSignIn must be `emergency` or `always`");
  }
  if (!isTimeZone(timeZone)) throw new TypeError("timeZone must be an IANA name such as `Europe/Amsterdam`");
  if (contact !== undefined && (contact.trim() === "" || contact.length > maxContact)) {
    throw new TypeError(`contact must have 1 to ${maxContact} characters`);
  }
  const { styleSheet } = options;
  if (styleSheet !== undefined && !styleSheetForm.test(styleSheet)) {
    throw new TypeError("styleSheet must be a path on the same host, such as `/huisstijl.css`");
  }
  return {
    publicUrl,
    basePath,
    isLoopback: loopback.test(publicUrl.hostname),
    isSecure: publicUrl.protocol === "https:",
    client,
    passwordSignIn,
    bootstrap: options.bootstrap ?? false,
    cookieName,
    timeZone,
    contact,
    styleSheet,
  };
}

/** The same in every process and after a restart: a browser sends the cookies of one host to all its ports and paths. */
function defaultCookieName(publicUrl: string): string {
  return `vtb-admin-${createHash("sha256").update(publicUrl).digest("hex").slice(0, 8)}`;
}

function readPublicUrl(written: string): URL {
  const url = parseUrl(written);
  const isAllowed = url?.protocol === "https:" || (url?.protocol === "http:" && loopback.test(url.hostname));
  if (!url || !isAllowed || url.username !== "" || url.password !== "" || url.search !== "" || written.includes("#")) {
    throw new TypeError(
      "publicUrl must be an https URL without credentials, query or fragment; http is only allowed for this machine",
    );
  }
  return url;
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}
