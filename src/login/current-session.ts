import { createPrincipal } from "../users/principal.js";
import type { LoginContext } from "./context.js";
import { readCookies } from "./cookies.js";
import { admit } from "./enter.js";
import type { Login } from "./login.js";

/** Makes the function that tells whose session a request's cookie is. Nothing is remembered: each request sees today's rows. */
export function createFindSession({ settings, jar, seals, sessions }: LoginContext): Login["session"] {
  return async (cookieHeader) => {
    const id = readCookies(cookieHeader).get(jar.session);
    const found = id === undefined ? undefined : await sessions.find(id);
    if (id === undefined || !found?.isClientEnabled) return undefined;
    const { grants, isUserActive, startedAtMs, seenAtMs, endsAtMs } = found;
    const { id: userId, username } = grants.user;
    const user = isUserActive ? ({ kind: "active", grants } as const) : ({ kind: "inactive", username } as const);
    if (admit(user, userId, settings).kind === "fault") return undefined;
    return {
      principal: createPrincipal(grants, { scheme: "session", identifier: settings.client, narrowedTo: null }),
      csrfToken: seals.csrfToken(id),
      startedAt: new Date(startedAtMs),
      expiresAt: new Date(Math.min(endsAtMs, seenAtMs + settings.idleTimeoutMs)),
    };
  };
}
