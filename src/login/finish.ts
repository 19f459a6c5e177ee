import type { Eventual } from "../eventual.js";
import type { UserLookup } from "../users/principal.js";
import { createBeginAttempt } from "./begin-attempt.js";
import { type Callback, readCallback } from "./callback.js";
import { checkIdToken } from "./check-id-token.js";
import type { LoginContext } from "./context.js";
import { type Cookies, readCookies } from "./cookies.js";
import { admit, enter } from "./enter.js";
import { type FoundAttempt, spendAttempt } from "./find-attempt.js";
import { judgeCallback } from "./judge-callback.js";
import type { Login } from "./login.js";
import { fault, type LoginFault } from "./login-client.js";
import { attemptId, attemptSeconds } from "./login-state.js";
import { requestTokens } from "./openid-client.js";
import type { LoginRedirect, LoginSuccess } from "./outcome.js";
import { readClaims } from "./read-claims.js";
import type { SignInPerson } from "./sign-in.js";

export interface FinishOptions {
  readonly context: LoginContext;
  readonly signInPerson: SignInPerson;
  readonly readUser: (id: string) => Eventual<UserLookup>;
}

/** Makes the function that takes up a browser's return: callback → attempt → code → tokens → claims → user → session. */
export function createFinish({ context, signInPerson, readUser }: FinishOptions): Login["finish"] {
  const { settings, jar, sessions, loadClient, refuse, report, now } = context;
  const begin = createBeginAttempt(context);

  return async (callbackUrl, cookieHeader) => {
    const callback = readCallback(callbackUrl, settings.redirectUrl);
    if (callback.kind === "fault") return refuse(callback, []);
    const cookies = readCookies(cookieHeader);
    const name = jar.attempt(attemptId(callback.state));
    const spent = cookies.has(name) ? [jar.clear(name)] : [];
    const found = await spendAttempt(callback, cookies, context);
    const outcome = found.kind === "fault" ? found : await exchange(callback, found, cookies);
    if (outcome.kind !== "fault") return { ...outcome, cookies: [...outcome.cookies, ...spent] };
    if (outcome.code === "state_used" || outcome.code === "code_refused") await endSessionOf(callback.code);
    return refuse(outcome, spent, found.kind === "fault" ? undefined : found.attempt.next);
  };

  async function exchange(
    callback: Callback,
    { kind, attempt }: FoundAttempt,
    cookies: Cookies,
  ): Promise<LoginSuccess | LoginRedirect | LoginFault> {
    const client = await loadClient(true);
    if (client.kind === "fault") return client;
    const answer = judgeCallback(callback, attempt, client);
    if (answer.kind === "begin_again") {
      report({ kind: "restarted", client: settings.client, reason: answer.reason });
      return begin(client, { next: attempt.next, restarts: attempt.restarts + 1, cookies });
    }
    if (kind === "expired") {
      const found = `${Math.floor((now() - attempt.startedAtMs) / 60_000)} minutes`;
      return fault("state_expired", "state_expired", { found, expected: `less than ${attemptSeconds / 60} minutes` });
    }
    if (answer.kind === "fault") return answer;
    const { code } = answer;
    const tokens = await requestTokens(client, code, attempt, settings.redirectUri);
    if (tokens.kind === "fault") return tokens;
    const identity = await checkIdToken(client, {
      tokens,
      code,
      nonce: attempt.nonce,
      now,
      leewaySeconds: settings.leewaySeconds,
    });
    if (identity.kind === "fault") return identity;
    const read = await readClaims(client, identity, tokens);
    if (read.kind === "fault") return read;
    const signedIn = await signInPerson(client, identity.person, read.claims, read.age);
    if (signedIn.kind === "fault") return signedIn;
    const { userId } = signedIn;
    const admission = admit(await readUser(userId), userId, settings);
    if (admission.kind === "fault") return admission;
    const session = { userId, clientId: client.row.id, idToken: tokens.idToken, code };
    const success = await enter(context, cookies, { session, grants: admission.grants, next: attempt.next });
    report({ kind: "signed_in", client: settings.client, userId });
    return success;
  }

  /** A code that comes twice was seen by somebody else (RFC 6749 §4.1.2): whoever came in with it first goes out. */
  async function endSessionOf(code: string | undefined): Promise<void> {
    const ended = code === undefined ? undefined : await sessions.endByCode(code);
    if (!ended) return;
    report({ kind: "session_ended", client: settings.client, userId: ended.userId, reason: "code_replayed" });
  }
}
