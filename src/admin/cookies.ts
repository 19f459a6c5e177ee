import type { AdminSettings } from "./options.js";

type CookieSettings = Pick<AdminSettings, "isSecure" | "cookieName">;

/** The name of a cookie of these pages: with https, one that other hosts can't set (RFC 6265bis §4.1.3). */
export function cookieName({ isSecure, cookieName: ours }: CookieSettings, name: string): string {
  return `${isSecure ? "__Host-" : ""}${ours}-${name}`;
}

/** A whole `Set-Cookie` header. Scripts can't read the cookie, and other sites' forms don't send it. */
export function setCookie(settings: CookieSettings, name: string, value: string, maxAgeSeconds: number): string {
  const secure = settings.isSecure ? "; Secure" : "";
  return `${cookieName(settings, name)}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${secure}`;
}
