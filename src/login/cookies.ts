import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { SetupError } from "../errors.js";
import { Secret } from "../secrets/secret.js";
import { createVault, type KeyRing } from "../secrets/vault.js";

/** A request's cookies by name. */
export type Cookies = ReadonlyMap<string, string>;

const maxHeader = 32 * 1024;

/**
 * Parses a whole `Cookie` header. A repeated name counts as missing: another program on the same host may have set one of
 * them.
 */
export function readCookies(header: string | undefined): Cookies {
  const cookies = new Map<string, string>();
  if (header === undefined || header.length > maxHeader) return cookies;
  const twice = new Set<string>();
  for (const pair of header.split(";")) {
    const equals = pair.indexOf("=");
    if (equals < 0) continue;
    const name = pair.slice(0, equals).trim();
    if (cookies.has(name)) twice.add(name);
    cookies.set(name, pair.slice(equals + 1).trim());
  }
  for (const name of twice) cookies.delete(name);
  return cookies;
}

/** The cookies of one login: their names, and whole `Set-Cookie` values. */
export interface CookieJar {
  readonly session: string;
  /** The name of another cookie of this server. */
  readonly nameOf: (name: string) => string;
  /** The name for a login under way; a browser may have several. */
  readonly loginState: (id: string) => string;
  readonly isLoginState: (name: string) => boolean;
  /** @param maxAgeSeconds undefined for a cookie that ends with the browser session */
  readonly set: (name: string, value: string, maxAgeSeconds?: number) => string;
  readonly clear: (name: string) => string;
}

/**
 * Cookies that scripts can't read, and that other sites' requests don't send, except links to this one. Over https, their names
 * have the prefix that keeps other hosts from setting them (RFC 6265bis §4.1.3).
 *
 * @param name what the names of this server's cookies begin with; cookies of one host are shared by all its ports and paths
 */
export function createCookieJar(isSecure: boolean, name: string): CookieJar {
  const prefix = `${isSecure ? "__Host-" : ""}${name}-`;
  const attributes = `; Path=/; HttpOnly; SameSite=Lax${isSecure ? "; Secure" : ""}`;
  const loginStatePrefix = `${prefix}login-`;
  const set = (name: string, value: string, maxAgeSeconds?: number): string =>
    `${name}=${value}${maxAgeSeconds === undefined ? "" : `; Max-Age=${maxAgeSeconds}`}${attributes}`;
  return {
    session: `${prefix}session`,
    nameOf: (name) => prefix + name,
    loginState: (id) => loginStatePrefix + id,
    // Exactly: `vtb-login-session` is the session of a server whose cookies are named `vtb-login`.
    isLoginState: (name) =>
      name.startsWith(loginStatePrefix) && loginStateIdForm.test(name.slice(loginStatePrefix.length)),
    set,
    clear: (name) => set(name, "", 0),
  };
}

/** What `loginStateId` returns. */
const loginStateIdForm = /^[0-9a-f]{16}$/;

/** Seals what only this server may read: logins under way, and ID tokens. */
export interface Seals {
  /** @param purpose is authenticated with the text */
  readonly seal: (text: string, purpose: string) => string;
  /** Undefined for a text that was not sealed with one of the secrets and for this purpose. */
  readonly open: (sealed: string, purpose: string) => Secret | undefined;
}

/** The secrets to seal with, the newest first: it seals, and all open. */
export type SessionSecrets = readonly [Secret, ...Secret[]];

// A forged cookie can't have the secrets read more often.
const rereadEveryMs = 1000;

/** @param readSecrets called at once, and later when something is sealed with another secret: there may be a newer one */
export function createSeals(readSecrets: () => SessionSecrets, now: () => number): Seals {
  let ring = createRing(readSecrets());
  let readAtMs = now();
  return {
    seal: (text, purpose) => ring.seal(new Secret(text), purpose),
    open: (sealed, purpose) => {
      try {
        if (!ring.holds(sealed) && now() >= readAtMs + rereadEveryMs) {
          readAtMs = now();
          ring = createRing(readSecrets());
        }
        return ring.open(sealed, purpose);
      } catch (error) {
        if (error instanceof SetupError) return undefined;
        throw error;
      }
    },
  };
}

/** Compares in constant time. */
export function isSameText(one: string, other: string): boolean {
  const [left, right] = [one, other].map((text) => createHmac("sha256", "compare").update(text).digest());
  // Digests have the same length, as `timingSafeEqual` requires.
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}

function createRing([newest, ...older]: SessionSecrets): KeyRing {
  return createVault([deriveKey(newest), ...older.map(deriveKey)]);
}

function deriveKey(secret: Secret): Buffer {
  return Buffer.from(hkdfSync("sha256", secret.reveal(), "", "vtb-setup login sealing", 32));
}
