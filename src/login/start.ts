import { createHash } from "node:crypto";
import { randomText } from "../secrets/token.js";
import type { LoginContext } from "./context.js";
import { type Cookies, readCookies } from "./cookies.js";
import type { Login, LoginRedirect, StartRequest } from "./login.js";
import { type LoginClient, reject } from "./login-client.js";
import {
  cookieSeconds,
  digest,
  type LoginState,
  loginStateId,
  loginStateSeconds,
  openLoginState,
  sealLoginState,
} from "./login-state.js";
import { configureOpenid } from "./openid-client.js";
import { readNextPath } from "./same-origin.js";
import type { LoginSettings } from "./settings.js";
import { isLanguage } from "./texts.js";

export function createStart(context: LoginContext): Login["start"] {
  const { settings, loadClient, refusalPage, report } = context;
  const redirectToProvider = createRedirectToProvider(context);

  return async (request = {}) => {
    const asked = readRequest(request, settings);
    const { next, language } = asked;
    const client = await loadClient(false);
    if (client.kind === "rejected") return refusalPage(client, { language, next });
    if (client.row.check_op_availability === 1 && !(await answers(client))) {
      const found = `no usable response from ${client.provider.authorizationEndpoint}`;
      return refusalPage(reject("provider_unavailable", "provider_unavailable", { found }), { language, next });
    }
    if (next === "/" && (request.next ?? next) !== next) report({ kind: "next_ignored", client: settings.client });
    const redirect = await redirectToProvider(client, { ...asked, cookies: readCookies(request.cookieHeader) });
    report({ kind: "started", client: settings.client });
    return redirect;
  };
}

const prompts: ReadonlySet<unknown> = new Set(["login", "consent", "select_account"]);
const maxAgeLimit = 365 * 24 * 3600;

/** What a request asks of the provider; throws for anything that a login could not verify later. */
function readDemands({ prompt, maxAge }: StartRequest): Pick<LoginState, "prompt" | "maxAgeSeconds"> {
  if (prompt !== undefined && !prompts.has(prompt)) {
    throw new TypeError("prompt must be `login`, `consent` or `select_account`");
  }
  if (maxAge !== undefined && !(Number.isInteger(maxAge) && maxAge >= 1 && maxAge <= maxAgeLimit)) {
    throw new RangeError(
      `maxAge must be whole seconds from 1 to ${maxAgeLimit}; for a sign-in now, use prompt: "login"`,
    );
  }
  return { prompt, maxAgeSeconds: maxAge };
}

/**
 * With `prompt=login` alone, a provider need not send `auth_time`, but with `max_age` it must (OpenID Connect Core §2). The sign-in
 * that it asks for is younger than any login may take.
 */
function requestedMaxAge({ prompt, maxAgeSeconds }: LoginState): number | undefined {
  return maxAgeSeconds ?? (prompt === "login" ? loginStateSeconds : undefined);
}

/** What the server asks for a login that begins. */
export function readRequest(request: StartRequest, { redirectUrl }: LoginSettings): Omit<RedirectOptions, "cookies"> {
  return {
    next: readNextPath(request.next, redirectUrl),
    restarts: 0,
    language: isLanguage(request.language) ? request.language : undefined,
    ...readDemands(request),
  };
}

/** Whether the provider's page responds. As in `mozilla-django-oidc-db`, status 400 counts, since the request has no parameters. */
async function answers({ provider, fetch }: LoginClient): Promise<boolean> {
  try {
    const { status } = await fetch(provider.authorizationEndpoint, { redirect: "manual" });
    return status <= 400;
  } catch {
    return false;
  }
}

/** What a restart keeps of a login, with the browser that begins it. */
interface RedirectOptions
  extends Pick<LoginState, "next" | "restarts" | "language" | "prompt" | "maxAgeSeconds" | "trial"> {
  /** The browser's. */
  readonly cookies: Cookies;
}

type RedirectToProvider = (client: LoginClient, loginState: RedirectOptions) => Promise<LoginRedirect>;

// 22 characters of 62 have 131 bits; a state or nonce never has fewer than 128, whatever is configured.
const minRandom = 22;
// RFC 7636 §4.1 allows 43 to 128; this has 380 bits.
const verifierLength = 64;
const maxLoginStates = 5;

/** Redirects a browser to the provider, with a cookie that holds the state of the login. */
export function createRedirectToProvider({ settings, jar, seals, now }: LoginContext): RedirectToProvider {
  return async (client, { next, restarts, language, prompt, maxAgeSeconds, trial, cookies }) => {
    const { row, provider, usesPkce } = client;
    const loginState: LoginState = {
      client: settings.client,
      state: randomText(Math.max(row.state_size, minRandom)),
      nonce: row.use_nonce === 1 ? randomText(Math.max(row.nonce_size, minRandom)) : null,
      verifier: usesPkce ? randomText(verifierLength) : null,
      next,
      issuer: provider.issuer === null ? null : digest(provider.issuer),
      startedAtMs: now(),
      restarts,
      language,
      prompt,
      maxAgeSeconds,
      trial,
    };
    const name = jar.loginState(loginStateId(loginState.state));
    return {
      kind: "redirect",
      location: await authorizationUrl(client, loginState, settings.redirectUri),
      cookies: [...tidied(cookies), jar.set(name, sealLoginState(loginState, seals), cookieSeconds)],
    };
  };

  /** Clears invalid and then the oldest cookies, to make room for a new one. */
  function tidied(cookies: Cookies): readonly string[] {
    const begun = [...cookies]
      .filter(([name]) => jar.isLoginState(name))
      .map(([name, value]) => ({ name, atMs: openLoginState(value, seals)?.startedAtMs ?? 0 }))
      .sort((one, other) => other.atMs - one.atMs);
    return begun.slice(maxLoginStates - 1).map(({ name }) => jar.clear(name));
  }
}

async function authorizationUrl(client: LoginClient, loginState: LoginState, redirectUri: string): Promise<string> {
  const { state, nonce, verifier, language, prompt } = loginState;
  const maxAge = requestedMaxAge(loginState);
  const { openid, configuration } = await configureOpenid(client);
  const url = openid.buildAuthorizationUrl(configuration, {
    response_type: "code",
    redirect_uri: redirectUri,
    scope: client.scopes.join(" "),
    state,
    ...(nonce !== null && { nonce }),
    ...(verifier !== null && { code_challenge: challengeOf(verifier), code_challenge_method: "S256" }),
    ...(prompt !== undefined && { prompt }),
    ...(maxAge !== undefined && { max_age: String(maxAge) }),
    ...(language !== undefined && { ui_locales: language }),
    ...(client.row.idp_hint !== "" && { kc_idp_hint: client.row.idp_hint }),
  });
  return url.href;
}

/** S256 of RFC 7636 §4.2; the plain method is not supported. */
function challengeOf(verifier: string): string {
  return createHash("sha256").update(verifier).digest("base64url");
}
