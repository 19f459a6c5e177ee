import { describeError } from "../oidc/remote-document.js";
import type { Callback } from "./callback.js";
import type { LoginContext } from "./context.js";
import type { Cookies } from "./cookies.js";
import { fault, type LoginFault } from "./login-client.js";
import { type Attempt, attemptId, isExpired, openAttempt } from "./login-state.js";
import { isSameText } from "./seals.js";

/** An attempt that was brought back; an expired one is good for nothing but to be begun again. */
export interface FoundAttempt {
  readonly kind: "attempt" | "expired";
  readonly attempt: Attempt;
}

/** The attempt that a state belongs to, in this browser; it is spent from here on, whatever comes of it. */
export async function spendAttempt(
  { state, error, errorDescription }: Callback,
  cookies: Cookies,
  { settings, jar, seals, states, now }: LoginContext,
): Promise<FoundAttempt | LoginFault> {
  const sealed = cookies.get(jar.attempt(attemptId(state)));
  if (sealed === undefined) {
    const isReplay = await states.isSpent(state);
    if (isReplay) return fault("state_used", "state_replayed");
    const others = [...cookies.keys()].filter(jar.isAttempt).length;
    const found = others === 0 ? "no cookie of a login" : `cookies of other logins alone (${others})`;
    const said = error === undefined ? "" : `, ${describeError(error, errorDescription, [])}`;
    return fault("state_invalid", "unknown_state", { found: found + said });
  }
  const attempt = openAttempt(sealed, seals);
  if (!attempt) return fault("state_invalid", "cookie_forged");
  if (attempt.client !== settings.client) {
    return fault("state_invalid", "other_client", { found: attempt.client, expected: settings.client });
  }
  if (!isSameText(attempt.state, state)) return fault("state_invalid", "wrong_state");
  if (!(await states.spend(state))) return fault("state_used", "state_replayed");
  return { kind: isExpired(attempt, now()) ? "expired" : "attempt", attempt };
}
