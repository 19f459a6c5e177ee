import { createHash } from "node:crypto";
import { randomText } from "../secrets/random-text.js";
import { type Attempt, attemptId, attemptSeconds, digest, openAttempt, sealAttempt } from "./attempt.js";
import { type Cookies, readCookies } from "./cookies.js";
import type { Login } from "./login.js";
import type { LoginClient } from "./login-client.js";
import type { LoginContext } from "./login-context.js";
import { readNextPath } from "./next-path.js";
import { configureOpenid } from "./openid.js";

// 22 characters of 62 hold 131 bits; whatever is configured, a state or nonce has at least the 128 that can't be guessed.
const shortestRandom = 22;
// RFC 7636 §4.1 allows 43 to 128; this has 380 bits.
const verifierLength = 64;
const mostAttempts = 5;

/** Makes the function that sends a browser to the provider. */
export function createStart(context: LoginContext): Login["start"] {
  const { settings, jar, seals, now, loadClient, refuse, report } = context;

  return async (request = {}) => {
    const client = await loadClient(false);
    if (client.kind === "fault") return refuse(client, []);
    const { row, provider, usesPkce } = client;
    if (row.check_op_availability === 1 && !(await answers(client))) {
      return refuse({ code: "provider_unavailable", reason: "provider_unavailable" }, []);
    }
    const next = readNextPath(request.next, settings.redirectUrl);
    if (next === "/" && (request.next ?? next) !== next) report({ kind: "next_ignored", client: settings.client });
    const attempt: Attempt = {
      client: settings.client,
      state: randomText(Math.max(row.state_size, shortestRandom)),
      nonce: row.use_nonce === 1 ? randomText(Math.max(row.nonce_size, shortestRandom)) : null,
      verifier: usesPkce ? randomText(verifierLength) : null,
      next,
      issuer: provider.issuer === null ? null : digest(provider.issuer),
      startedAtMs: now(),
    };
    const location = await authorizationUrl(client, attempt, settings.redirectUri);
    const name = jar.attempt(attemptId(attempt.state));
    report({ kind: "started", client: settings.client });
    return {
      kind: "redirect",
      location,
      cookies: [
        ...tidied(readCookies(request.cookieHeader)),
        jar.set(name, sealAttempt(attempt, seals), attemptSeconds),
      ],
    };
  };

  /** Makes room for one more: what is of no use goes first, then the oldest. */
  function tidied(cookies: Cookies): readonly string[] {
    const begun = [...cookies]
      .filter(([name]) => jar.isAttempt(name))
      .map(([name, value]) => ({ name, atMs: openAttempt(value, seals)?.startedAtMs ?? 0 }))
      .sort((one, other) => other.atMs - one.atMs);
    return begun.slice(mostAttempts - 1).map(({ name }) => jar.clear(name));
  }
}

/** Whether the provider's page is there, as the incumbent looks: a bare request may well be answered with status 400. */
async function answers({ provider, fetch }: LoginClient): Promise<boolean> {
  try {
    const { status } = await fetch(provider.authorizationEndpoint, { redirect: "manual" });
    return status <= 400;
  } catch {
    return false;
  }
}

async function authorizationUrl(client: LoginClient, attempt: Attempt, redirectUri: string): Promise<string> {
  const { state, nonce, verifier } = attempt;
  const { openid, configuration } = await configureOpenid(client);
  const url = openid.buildAuthorizationUrl(configuration, {
    ...{ response_type: "code", redirect_uri: redirectUri, scope: client.scopes.join(" "), state },
    ...(nonce !== null && { nonce }),
    ...(verifier !== null && { code_challenge: challengeOf(verifier), code_challenge_method: "S256" }),
    ...(client.row.idp_hint !== "" && { kc_idp_hint: client.row.idp_hint }),
  });
  return url.href;
}

/** S256 of RFC 7636 §4.2; the plain way is not there. */
function challengeOf(verifier: string): string {
  return createHash("sha256").update(verifier).digest("base64url");
}
