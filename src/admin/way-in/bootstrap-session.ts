import { type CookieJar, readCookies } from "../../login/cookies.js";
import type { Session } from "../../login/login.js";
import { csrfTokenOf } from "../../login/session-cookie.js";
import { type BootstrapSession, endBootstrapSession, findBootstrapSession } from "../../operations/bootstrap.js";
import { Secret } from "../../secrets/secret.js";
import { limitedTo } from "../../users/permissions.js";
import { createPrincipal } from "../../users/principal.js";
import type { AdminContext } from "../context.js";

/** A signed-in browser, or one in which the one-time code was typed. */
export interface AdminSession extends Session {
  /** Nobody's: its principal has no rights, and makes the first administrator. */
  readonly isBootstrap?: true;
}

/** The session of a request: of a person who signed in, or else of a one-time code. */
export async function findAdminSession(
  cookieHeader: string | undefined,
  context: Pick<AdminContext, "login" | "jar" | "database" | "settings" | "now">,
): Promise<AdminSession | undefined> {
  const { login, database, now } = context;
  const session = await login.session(cookieHeader);
  const id = session ? undefined : bootstrapIdOf(cookieHeader, context);
  if (session || !id) return session;
  const found = await findBootstrapSession(database.kysely, id, now());
  return found && sessionOf(id, found);
}

/** The cookie that a browser gets for a code. */
export function bootstrapCookie(jar: CookieJar, id: Secret, { startedAtMs, expiresAtMs }: BootstrapSession): string {
  return jar.set(cookieName(jar), id.reveal(), Math.floor((expiresAtMs - startedAtMs) / 1000));
}

/** Ends the session of a one-time code, if the browser has one, and returns what clears its cookie. */
export async function endBootstrap(
  cookieHeader: string | undefined,
  context: AdminContext,
): Promise<readonly string[]> {
  const { jar, change } = context;
  const id = bootstrapIdOf(cookieHeader, context);
  if (!id) return [];
  await change((tx) => endBootstrapSession(tx, id));
  return [jar.clear(cookieName(jar))];
}

function bootstrapIdOf(
  cookieHeader: string | undefined,
  { settings, jar }: Pick<AdminContext, "settings" | "jar">,
): Secret | undefined {
  if (!settings.bootstrap) return undefined;
  const id = readCookies(cookieHeader).get(cookieName(jar));
  return id === undefined ? undefined : new Secret(id);
}

function cookieName(jar: CookieJar): string {
  return jar.nameOf("bootstrap");
}

function sessionOf(id: Secret, { startedAtMs, expiresAtMs }: BootstrapSession): AdminSession {
  const user = { id: "", username: "bootstrap", isStaff: false, isSuperuser: false, isService: false };
  const grants = { user, permissions: limitedTo(new Set()), endsAtMs: Number.POSITIVE_INFINITY };
  return {
    isBootstrap: true,
    principal: createPrincipal(grants, { scheme: "session", identifier: "bootstrap" }),
    signedInWith: "password",
    csrfToken: csrfTokenOf(id.reveal()),
    startedAt: new Date(startedAtMs),
    authenticatedAt: new Date(startedAtMs),
    expiresAt: new Date(expiresAtMs),
  };
}
