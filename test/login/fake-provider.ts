import { createHash, createHmac, randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { startServer, type TestServer } from "../support/http-server.js";
import { encode, json, signParts, type TestKey } from "../verifier/bearer/issuer.js";

interface Asked {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly authorization: string | undefined;
  readonly form: URLSearchParams;
}

type Claims = Readonly<Record<string, unknown>>;

/** A provider that gives the answers a test sets: attacks need some that a real one does not give. */
export interface FakeProvider extends TestServer {
  readonly issuer: string;
  /** Every request, with its body. */
  readonly asked: readonly Asked[];
  /** Who signs in, as the ID token and the userinfo endpoint have it. */
  person: Claims;
  /** Changes the ID token's claims; undefined takes one away. */
  idClaims: Claims;
  idHeader: Claims;
  /** Signs ID tokens; a text is a secret for HS256. */
  signer: TestKey | string;
  keys: readonly unknown[];
  /** Beside what every discovery document here has. */
  metadata: Claims;
  /** Each answers instead of the usual, while it is set. */
  onAuthorize: Answer | undefined;
  onToken: Answer | undefined;
  onUserinfo: Answer | undefined;
  onDiscovery: Answer | undefined;
  /** What a person does at the provider: gives the callback's path and query. */
  readonly authorize: (location: string) => string;
  /** Those to the token endpoint. */
  readonly tokenRequests: () => readonly Asked[];
}

type Answer = (response: ServerResponse, asked: Asked) => void;

interface Grant {
  readonly query: URLSearchParams;
  isUsed: boolean;
}

/** @param now the clock that tokens are made by, in milliseconds */
export async function startFakeProvider(key: TestKey, now: () => number): Promise<FakeProvider> {
  const grants = new Map<string, Grant>();
  const asked: Asked[] = [];
  const state: Omit<
    FakeProvider,
    "issuer" | "asked" | "authorize" | "tokenRequests" | "origin" | "requests" | "close"
  > = {
    person: { sub: "s-jan", email: "jan@example.nl", given_name: "Jan", family_name: "Jansen", groups: ["beheer"] },
    idClaims: {},
    idHeader: {},
    signer: key,
    keys: [key.jwk],
    metadata: {},
    onAuthorize: undefined,
    onToken: undefined,
    onUserinfo: undefined,
    onDiscovery: undefined,
  };
  const server = await startServer(async (request, response) => {
    const seen = { ...describe(request), form: new URLSearchParams(await readBody(request)) };
    asked.push(seen);
    answer(seen, response);
  });
  const issuer = server.origin;

  const usual: Readonly<Record<string, Answer>> = {
    "/auth": (response) => void response.writeHead(400).end(),
    "/token": answerToken,
    "/userinfo": (response) => json(response, state.person),
    "/jwks": (response) => json(response, { keys: state.keys }),
    "/.well-known/openid-configuration": (response) => json(response, { ...documentOf(issuer), ...state.metadata }),
  };

  function answer(seen: Asked, response: ServerResponse): void {
    const { pathname } = new URL(seen.url, issuer);
    const set: Readonly<Record<string, Answer | undefined>> = {
      "/auth": state.onAuthorize,
      "/token": state.onToken,
      "/userinfo": state.onUserinfo,
      "/.well-known/openid-configuration": state.onDiscovery,
    };
    const nowhere: Answer = () => void response.writeHead(404).end();
    (set[pathname] ?? usual[pathname] ?? nowhere)(response, seen);
  }

  function answerToken(response: ServerResponse, { form }: Asked): void {
    const grant = grants.get(form.get("code") ?? "");
    const challenge = grant?.query.get("code_challenge");
    const verifier = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    const isRight =
      grant && form.get("redirect_uri") === grant.query.get("redirect_uri") && (!challenge || challenge === verifier);
    if (!grant || grant.isUsed || !isRight) {
      json(response, { error: "invalid_grant" }, 400);
      return;
    }
    grant.isUsed = true;
    const accessToken = randomBytes(16).toString("hex");
    const id = {
      iss: issuer,
      aud: grant.query.get("client_id"),
      sub: state.person.sub,
      ...state.person,
      iat: Math.floor(now() / 1000),
      exp: Math.floor(now() / 1000) + 300,
      ...(grant.query.has("nonce") && { nonce: grant.query.get("nonce") }),
      at_hash: createHash("sha256").update(accessToken).digest().subarray(0, 16).toString("base64url"),
      ...state.idClaims,
    };
    const idToken = signWith(state.signer, state.idHeader, id);
    json(response, { access_token: accessToken, token_type: "Bearer", expires_in: 60, id_token: idToken });
  }

  return Object.assign(state, {
    ...server,
    issuer,
    asked,
    tokenRequests: () => asked.filter(({ url }) => url.startsWith("/token")),
    authorize: (location: string) => {
      const query = new URL(location).searchParams;
      const code = randomBytes(16).toString("hex");
      grants.set(code, { query, isUsed: false });
      return `/oidc/callback?${new URLSearchParams({ code, state: query.get("state") ?? "" })}`;
    },
  });
}

function documentOf(issuer: string): Readonly<Record<string, unknown>> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    jwks_uri: `${issuer}/jwks`,
    end_session_endpoint: `${issuer}/logout`,
  };
}

export function signWith(signer: TestKey | string, header: Claims, claims: Claims): string {
  if (typeof signer !== "string") return signParts(signer, { alg: signer.alg, kid: signer.kid, ...header }, claims);
  const signed = `${encode({ alg: "HS256", ...header })}.${encode(claims)}`;
  return `${signed}.${createHmac("sha256", signer).update(signed).digest("base64url")}`;
}

function describe(request: IncomingMessage): Omit<Asked, "form"> {
  const { method = "", url = "", headers } = request;
  return { method, url, authorization: headers.authorization };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
