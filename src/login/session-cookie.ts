import { createHmac } from "node:crypto";
import type { Transaction } from "kysely";
import type { Tables } from "../database/tables.js";
import { createPrincipal, type Grants, type UserLookup } from "../users/principal.js";
import type { LoginContext } from "./context.js";
import { type Cookies, readCookies } from "./cookies.js";
import type { Login, LoginSuccess } from "./login.js";
import { type LoginRejection, reject } from "./login-client.js";
import type { NewSession } from "./sessions.js";
import type { LoginSettings } from "./settings.js";

/** Finds the session of a request's cookie. Nothing is cached: each request sees the current rows. */
export function createFindSession({ settings, jar, sessions }: LoginContext): Login["session"] {
  return async (cookieHeader) => {
    const id = readCookies(cookieHeader).get(jar.session);
    const found = id === undefined ? undefined : await sessions.find(id);
    if (id === undefined || !found?.isClientEnabled) return undefined;
    const { grants, isUserActive, isByPassword, startedAtMs, authenticatedAtMs, seenAtMs, endsAtMs } = found;
    const { id: userId, username } = grants.user;
    const user = isUserActive ? ({ kind: "active", grants } as const) : ({ kind: "inactive", username } as const);
    if (checkUser(user, userId, settings).kind === "rejected") return undefined;
    return {
      principal: createPrincipal(grants, { scheme: "session", identifier: settings.client }),
      signedInWith: isByPassword ? "password" : "provider",
      csrfToken: csrfTokenOf(id),
      startedAt: new Date(startedAtMs),
      authenticatedAt: authenticatedAtMs === undefined ? undefined : new Date(authenticatedAtMs),
      expiresAt: new Date(Math.min(endsAtMs, seenAtMs + settings.idleTimeoutMs)),
    };
  };
}

/**
 * The token for a session's forms. The session's id, which only the browser's cookie has, is its key, so that no other secret must
 * be the same in every process.
 */
export function csrfTokenOf(sessionId: string): string {
  return createHmac("sha256", sessionId).update("vtb-setup login csrf").digest("base64url");
}

/** Whether a user may have a session; checked at sign-in and at each request. */
export function checkUser(
  user: UserLookup,
  userId: string,
  { requireStaff }: LoginSettings,
): { readonly kind: "allowed"; readonly grants: Grants } | LoginRejection {
  if (user.kind === "unknown") return reject("user_inactive", "unknown_user", { userId });
  if (user.kind === "inactive") return reject("user_inactive", "inactive_user", { userId });
  const { isStaff, isSuperuser } = user.grants.user;
  const isAllowed = !requireStaff || isStaff || isSuperuser;
  return isAllowed ? { kind: "allowed", grants: user.grants } : reject("user_not_staff", "not_staff", { userId });
}

/** Starts a session under a new id, sets its cookie, and ends the browser's previous session (session fixation). */
export async function startSession(
  { settings, jar, sessions, report }: LoginContext,
  cookies: Cookies,
  { session, grants, next, alongside }: StartSessionOptions,
): Promise<LoginSuccess> {
  const { client } = settings;
  const id = await sessions.begin(session, alongside);
  const earlier = cookies.get(jar.session);
  const ended = earlier === undefined ? undefined : await sessions.end(earlier);
  if (ended) report({ kind: "session_ended", client, userId: ended.userId, reason: "new_login" });
  return {
    kind: "signed_in",
    principal: createPrincipal(grants, { scheme: "session", identifier: client }),
    next,
    cookies: [jar.set(jar.session, id)],
  };
}

interface StartSessionOptions {
  readonly session: NewSession;
  readonly grants: Grants;
  readonly next: string;
  /** Runs in the transaction that starts the session. */
  readonly alongside?: (tx: Transaction<Tables>) => Promise<void>;
}
