import { createHash, randomBytes } from "node:crypto";
import type { Browser } from "playwright-core";
import type { TestServer } from "../support/http-server.js";

export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface Tokens {
  readonly access_token: string;
  readonly id_token: string;
  readonly refresh_token?: string;
}

export interface TokenRequest {
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly client: Credentials;
  readonly usesBasicAuth?: boolean;
  readonly scope?: string;
  /** Where the browser comes back to. */
  readonly catcher: TestServer;
  /** What the person does at the provider. */
  readonly signIn: (page: Awaited<ReturnType<Browser["newPage"]>>) => Promise<void>;
}

/** The tokens that another program gets for a person who signs in to it with a real browser, a nonce included. */
export async function browserTokens(browser: Browser, request: TokenRequest): Promise<Tokens> {
  const { client, catcher, scope = "openid profile email", usesBasicAuth = false } = request;
  const redirectUri = `${catcher.origin}/callback`;
  const verifier = randomBytes(32).toString("base64url");
  const query = new URLSearchParams({
    client_id: client.clientId,
    response_type: "code",
    redirect_uri: redirectUri,
    scope,
    state: randomBytes(16).toString("hex"),
    nonce: randomBytes(16).toString("hex"),
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  });
  const context = await browser.newContext({ locale: "nl-NL" });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(`${request.authorizationEndpoint}?${query}`);
    await request.signIn(page);
    await page.waitForURL(`${redirectUri}?*`);
    const code = new URL(page.url()).searchParams.get("code");
    if (code === null) throw new Error(`expected a code: ${page.url()}`);
    const grant = { grant_type: "authorization_code", code, redirect_uri: redirectUri, code_verifier: verifier };
    return (await requestTokens(request.tokenEndpoint, client, usesBasicAuth, grant)) as Tokens;
  } finally {
    await context.close();
  }
}

/** Asks a token endpoint as curl would: the credentials in the form, or as Basic credentials that are not encoded. */
export async function requestTokens(
  tokenEndpoint: string,
  { clientId, clientSecret }: Credentials,
  usesBasicAuth: boolean,
  fields: Readonly<Record<string, string>>,
): Promise<unknown> {
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString("base64");
  const response = await fetch(tokenEndpoint, {
    method: "POST",
    headers: usesBasicAuth ? { authorization: `Basic ${basic}` } : {},
    body: new URLSearchParams({
      ...fields,
      ...(!usesBasicAuth && { client_id: clientId, client_secret: clientSecret }),
    }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the token endpoint answered ${response.status}: ${text.slice(0, 500)}`);
  return JSON.parse(text);
}
