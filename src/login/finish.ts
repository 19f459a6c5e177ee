import type { MaybePromise } from "../maybe-promise.js";
import { readerOf } from "../oidc/client.js";
import type { JsonObject } from "../oidc/jwt/json-object.js";
import { describeError } from "../oidc/remote-document.js";
import { digestToken } from "../secrets/token.js";
import type { ClaimsAge } from "../users/applied-claims.js";
import { kindOf } from "../users/claim-values.js";
import type { UserLookup } from "../users/principal.js";
import { type Callback, checkCallback, readCallback } from "./callback.js";
import { type VerifiedIdToken, verifyIdToken } from "./check-id-token.js";
import type { LoginContext } from "./context.js";
import { type Cookies, isSameText, readCookies } from "./cookies.js";
import type { Login, LoginRedirect, LoginSuccess, LoginTrial } from "./login.js";
import { type LoginClient, type LoginRejection, reject } from "./login-client.js";
import { isExpired, type LoginState, loginStateId, loginStateSeconds, openLoginState } from "./login-state.js";
import { requestTokens, type Tokens } from "./openid-client.js";
import type { ProvisionFromClaims } from "./provision.js";
import { checkUser, startSession } from "./session-cookie.js";
import { createRedirectToProvider } from "./start.js";
import type { Trials } from "./trial.js";

interface FinishOptions {
  readonly context: LoginContext;
  readonly provisionFromClaims: ProvisionFromClaims;
  readonly readUser: (id: string) => MaybePromise<UserLookup>;
  readonly trials: Trials;
}

/** Handles a callback: login state → code → tokens → claims → user → session. */
export function createFinish({ context, provisionFromClaims, readUser, trials }: FinishOptions): Login["finish"] {
  const { settings, jar, sessions, loadClient, refusalPage, report, now } = context;
  const redirectToProvider = createRedirectToProvider(context);

  return async (callbackUrl, cookieHeader, { language } = {}) => {
    const callback = readCallback(callbackUrl, settings.redirectUrl);
    if (callback.kind === "rejected") return refusalPage(callback, { language });
    const cookies = readCookies(cookieHeader);
    const name = jar.loginState(loginStateId(callback.state));
    const spent = cookies.has(name) ? [jar.clear(name)] : [];
    const found = await spendLoginState(callback, cookies, context);
    const outcome = found.kind === "rejected" ? found : await exchange(callback, found, cookies);
    if (found.kind !== "rejected" && found.loginState.trial && outcome.kind === "rejected") {
      if (outcome.code === "code_refused") await endSessionOf(callback.code);
      return trials.failed(found.loginState.trial, outcome, { next: found.loginState.next, cookies: spent });
    }
    if (outcome.kind !== "rejected") return { ...outcome, cookies: [...outcome.cookies, ...spent] };
    if (outcome.code === "state_used" || outcome.code === "code_refused") await endSessionOf(callback.code);
    const begun = found.kind === "rejected" ? undefined : found.loginState;
    return refusalPage(outcome, { language: language ?? begun?.language, cookies: spent, next: begun?.next });
  };

  async function exchange(
    callback: Callback,
    { kind, loginState }: FoundLoginState,
    cookies: Cookies,
  ): Promise<LoginSuccess | LoginTrial | LoginRedirect | LoginRejection> {
    const { trial } = loginState;
    const client = trial ? await trials.load(trial, true) : await loadClient(true);
    if (client.kind === "rejected") return client;
    const answer = checkCallback(callback, loginState, client);
    if (answer.kind === "begin_again") {
      report({ kind: "restarted", client: settings.client, reason: answer.reason });
      return redirectToProvider(client, { ...loginState, restarts: loginState.restarts + 1, cookies });
    }
    if (kind === "expired") {
      const found = `${Math.floor((now() - loginState.startedAtMs) / 60_000)} minutes`;
      return reject("state_expired", "state_expired", {
        found,
        expected: `less than ${loginStateSeconds / 60} minutes`,
      });
    }
    if (answer.kind === "rejected") return answer;
    const { code } = answer;
    const tokens = await requestTokens(client, code, loginState, settings.redirectUri);
    if (tokens.kind === "rejected") return tokens;
    const verified = await verifyIdToken(client, {
      tokens,
      code,
      loginState,
      now,
      leewaySeconds: settings.leewaySeconds,
    });
    if (verified.kind === "rejected") return verified;
    const read = await readClaims(client, verified, tokens);
    if (read.kind === "rejected") return read;
    if (trial) {
      const secrets = [code, loginState.state, loginState.nonce, loginState.verifier, client.secret.reveal()];
      const hidden = [...secrets, tokens.accessToken.reveal(), tokens.idToken.reveal()];
      return trials.show(trial, client, { verified, claims: read.claims, hidden, next: loginState.next });
    }
    const provisioned = await provisionFromClaims(client, verified.identity, read.claims, read.age);
    if (provisioned.kind === "rejected") return provisioned;
    const { userId } = provisioned;
    const user = checkUser(await readUser(userId), userId, settings);
    if (user.kind === "rejected") return user;
    const { authenticatedAtMs } = verified;
    const session = { userId, clientId: client.row.id, authenticatedAtMs, idToken: tokens.idToken, code };
    const success = await startSession(context, cookies, { session, grants: user.grants, next: loginState.next });
    report({ kind: "signed_in", client: settings.client, userId });
    return success;
  }

  /** A replayed code may have leaked (RFC 6749 §4.1.2), so the session of its first use ends. */
  async function endSessionOf(code: string | undefined): Promise<void> {
    const ended = code === undefined ? undefined : await sessions.endByCode(code);
    if (!ended) return;
    report({ kind: "session_ended", client: settings.client, userId: ended.userId, reason: "code_replayed" });
  }
}

/** The user's claims, from the ID token or the userinfo endpoint, with their age. */
async function readClaims(
  { oidc, access, provider }: LoginClient,
  { claims }: VerifiedIdToken,
  { accessToken, idToken }: Tokens,
): Promise<{ readonly kind: "claims"; readonly claims: JsonObject; readonly age: ClaimsAge } | LoginRejection> {
  // `verifyIdToken` checked it.
  const issuedAtMs = Number(claims.iat) * 1000;
  const age = { issuedAtMs, saidAtMs: issuedAtMs, token: digestToken(idToken) };
  if (!oidc.asksUserinfo) return { kind: "claims", claims, age };
  if (!provider.userinfo) return reject("not_configured", "no_userinfo_endpoint");
  const answer = await provider.userinfo.ask({
    credential: accessToken.reveal(),
    digest: digestToken(accessToken),
    // All users' tokens come from the provider itself.
    source: "",
    reader: readerOf(oidc, access),
    // Each login sends a new request.
    keepUntilMs: 0,
  });
  if (answer.kind === "unavailable") {
    return reject("provider_unavailable", "userinfo_unavailable", { found: answer.found ?? "the last request failed" });
  }
  if (answer.kind === "rejected") {
    const reason = answer.reason === "userinfo_refused" ? answer.reason : "userinfo_invalid";
    return reject("identity_unverified", reason, answer.found === undefined ? {} : { found: answer.found });
  }
  // OpenID Connect Core §5.3.2: otherwise, the claims are another user's.
  if (answer.claims.sub !== claims.sub) {
    const found = typeof answer.claims.sub === "string" ? "another `sub`" : `\`sub\` is ${kindOf(answer.claims.sub)}`;
    return reject("identity_unverified", "userinfo_mismatch", { found, expected: "the ID token's `sub`" });
  }
  return { kind: "claims", claims: answer.claims, age: { ...age, saidAtMs: answer.readAtMs } };
}

/** The login that a callback belongs to; an expired one can only be restarted. */
interface FoundLoginState {
  readonly kind: "open" | "expired";
  readonly loginState: LoginState;
}

/** The login of a state in this browser. The state is spent from here on, whatever the outcome. */
async function spendLoginState(
  { state, error, errorDescription }: Callback,
  cookies: Cookies,
  { settings, jar, seals, states, now }: LoginContext,
): Promise<FoundLoginState | LoginRejection> {
  const sealed = cookies.get(jar.loginState(loginStateId(state)));
  if (sealed === undefined) {
    const isReplay = await states.isSpent(state);
    if (isReplay) return reject("state_used", "state_replayed");
    const others = [...cookies.keys()].filter(jar.isLoginState).length;
    const found = others === 0 ? "no login cookie" : `only cookies of other logins (${others})`;
    const said = error === undefined ? "" : `, ${describeError(error, errorDescription, [])}`;
    return reject("state_invalid", "unknown_state", { found: found + said });
  }
  const loginState = openLoginState(sealed, seals);
  if (!loginState) return reject("state_invalid", "cookie_forged");
  if (loginState.client !== settings.client) {
    return reject("state_invalid", "other_client", { found: loginState.client, expected: settings.client });
  }
  if (!isSameText(loginState.state, state)) return reject("state_invalid", "wrong_state");
  if (!(await states.spend(state))) return reject("state_used", "state_replayed");
  return { kind: isExpired(loginState, now()) ? "expired" : "open", loginState };
}
