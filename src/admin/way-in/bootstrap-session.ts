import { createHmac } from "node:crypto";
import { readCookies } from "../../login/cookies.js";
import type { Session } from "../../login/login.js";
import { type BootstrapSession, endBootstrapSession, findBootstrapSession } from "../../operations/bootstrap.js";
import { Secret } from "../../secrets/secret.js";
import { createPrincipal } from "../../users/principal.js";
import type { AdminContext } from "../context.js";
import { cookieName, setCookie } from "../cookies.js";
import type { AdminSettings } from "../options.js";

/** A signed-in browser, or one in which the one-time code was typed. */
export interface AdminSession extends Session {
  /** Nobody's: its principal has no rights, and makes the first administrator. */
  readonly isBootstrap?: true;
}

const name = "bootstrap";

/** The session of a request: of a person who signed in, or else of a one-time code. */
export async function findAdminSession(
  cookieHeader: string | undefined,
  context: Pick<AdminContext, "login" | "database" | "settings" | "now">,
): Promise<AdminSession | undefined> {
  const { login, database, settings, now } = context;
  const session = await login.session(cookieHeader);
  const id = session ? undefined : bootstrapIdOf(cookieHeader, settings);
  if (session || !id) return session;
  const found = await findBootstrapSession(database.kysely, id, now());
  return found && sessionOf(id, found);
}

/** The cookie that a browser gets for a code. */
export function bootstrapCookie(settings: AdminSettings, id: Secret, { startedAtMs, expiresAtMs }: BootstrapSession) {
  return setCookie(settings, name, id.reveal(), Math.floor((expiresAtMs - startedAtMs) / 1000));
}

/** Ends the session of a one-time code, if the browser has one, and returns what clears its cookie. */
export async function endBootstrap(
  cookieHeader: string | undefined,
  { settings, change }: AdminContext,
): Promise<readonly string[]> {
  const id = bootstrapIdOf(cookieHeader, settings);
  if (!id) return [];
  await change((tx) => endBootstrapSession(tx, id));
  return [setCookie(settings, name, "", 0)];
}

function bootstrapIdOf(cookieHeader: string | undefined, settings: AdminSettings): Secret | undefined {
  if (!settings.bootstrap) return undefined;
  const id = readCookies(cookieHeader).get(cookieName(settings, name));
  return id === undefined ? undefined : new Secret(id);
}

function sessionOf(id: Secret, { startedAtMs, expiresAtMs }: BootstrapSession): AdminSession {
  const user = { id: "", username: "bootstrap", isStaff: false, isSuperuser: false, isService: false };
  const grants = { user, permissions: new Set<string>(), endsAtMs: Number.POSITIVE_INFINITY };
  return {
    isBootstrap: true,
    principal: createPrincipal(grants, { scheme: "session", identifier: "bootstrap", narrowedTo: null }),
    signedInWith: "password",
    // As for a person's session: only the browser's cookie has the key.
    csrfToken: createHmac("sha256", id.reveal()).update("vtb-setup bootstrap csrf").digest("base64url"),
    startedAt: new Date(startedAtMs),
    authenticatedAt: new Date(startedAtMs),
    expiresAt: new Date(expiresAtMs),
  };
}
