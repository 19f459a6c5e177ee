import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { SetupError } from "../errors.js";
import { Secret } from "../secrets/secret.js";
import { createVault } from "../secrets/vault.js";

/** A request's cookies by name. */
export type Cookies = ReadonlyMap<string, string>;

const maxHeader = 32 * 1024;

/**
 * Reads a whole `Cookie` header. A name that is there twice counts as not there: one of them may have been planted by another
 * program on the same host.
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
  /** Of an attempt to log in; several may be under way in one browser. */
  readonly attempt: (id: string) => string;
  readonly isAttempt: (name: string) => boolean;
  /** @param maxAgeSeconds undefined for one that goes when the browser is closed */
  readonly set: (name: string, value: string, maxAgeSeconds?: number) => string;
  readonly clear: (name: string) => string;
}

/**
 * Cookies that no script reads, and no other site's request but a link to us brings along. Over https their names have the prefix by
 * which browsers refuse them from any other host (RFC 6265bis §4.1.3).
 */
export function createCookieJar(isSecure: boolean): CookieJar {
  const prefix = isSecure ? "__Host-" : "";
  const attributes = `; Path=/; HttpOnly; SameSite=Lax${isSecure ? "; Secure" : ""}`;
  const attemptPrefix = `${prefix}vtb-login-`;
  const set = (name: string, value: string, maxAgeSeconds?: number): string =>
    `${name}=${value}${maxAgeSeconds === undefined ? "" : `; Max-Age=${maxAgeSeconds}`}${attributes}`;
  return {
    session: `${prefix}vtb-session`,
    attempt: (id) => attemptPrefix + id,
    isAttempt: (name) => name.startsWith(attemptPrefix),
    set,
    clear: (name) => set(name, "", 0),
  };
}

/** What the session secret is good for; each use has a key of its own (HKDF, RFC 5869). */
export interface Seals {
  /** @param purpose is authenticated along with it */
  readonly seal: (text: string, purpose: string) => string;
  /** Undefined for what was not sealed here, or for another purpose. */
  readonly open: (sealed: string, purpose: string) => Secret | undefined;
  /** The token for the forms of a session. */
  readonly csrfToken: (sessionId: string) => string;
}

export function createSeals(sessionSecret: Secret): Seals {
  const vault = createVault(deriveKey(sessionSecret, "sealing"));
  const csrfKey = deriveKey(sessionSecret, "csrf");
  return {
    seal: (text, purpose) => vault.seal(new Secret(text), purpose),
    open: (sealed, purpose) => {
      try {
        return vault.open(sealed, purpose);
      } catch (error) {
        if (error instanceof SetupError) return undefined;
        throw error;
      }
    },
    csrfToken: (sessionId) => createHmac("sha256", csrfKey).update(sessionId).digest("base64url"),
  };
}

/** Compares in a time that does not depend on where two texts differ. */
export function isSameText(one: string, other: string): boolean {
  const [left, right] = [one, other].map((text) => createHmac("sha256", "compare").update(text).digest());
  // Digests have one length, whatever the texts have.
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}

function deriveKey(secret: Secret, use: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret.reveal(), "", `vtb-setup login ${use}`, 32));
}
