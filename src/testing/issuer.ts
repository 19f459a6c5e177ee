import { createHash, generateKeyPair, type JsonWebKey, type KeyObject, randomUUID, sign } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";

export interface TestIssuerOptions {
  /** What tokens are signed with; `RS256` by default, as most providers do. */
  readonly algorithm?: "RS256" | "ES256";
}

export interface TestTokenOptions {
  /** Added to the JWS header, such as `{ typ: "at+jwt" }`; `null` leaves a parameter out. */
  readonly header?: Readonly<Record<string, unknown>>;
}

/**
 * An OpenID provider in this process, on a free port of 127.0.0.1: discovery, keys, userinfo, introspection, and the authorization
 * code flow, in which the person of `signInAs` signs in without a question.
 */
export interface TestIssuer extends AsyncDisposable {
  /** What `iss` says, such as `http://127.0.0.1:40123`. */
  readonly issuer: string;
  /**
   * What a configuration says of it: a provider, and a client `api-oidc` that takes its tokens. Username and e-mail come from `sub`
   * and `email`, groups from `groups`.
   */
  readonly config: (client?: TestClient) => Record<string, unknown>;
  /** Who signs in from now on, as claims; `{ sub: "alice" }` at first. */
  readonly signInAs: (claims: Claims) => void;
  /** Signs with a new key from now on, and publishes that key alone. */
  readonly rotateKey: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface TestClient {
  /** Defaults to `api-oidc`. */
  readonly identifier?: string;
  /** The audience of its tokens; `api` by default. */
  readonly clientId?: string;
  /** The `options` of the client in the configuration. */
  readonly options?: Readonly<Record<string, unknown>>;
}

export type Claims = Readonly<Record<string, unknown>>;

interface Grant {
  readonly clientId: string;
  readonly nonce: string | null;
  readonly challenge: string | null;
  readonly person: Claims;
}

const createKeyPair = promisify(generateKeyPair);
const lifetimeSeconds = 300;
const signers = new WeakMap<TestIssuer, (claims: Claims, header?: Claims) => string>();

/**
 * Starts an OpenID provider for tests.
 *
 * @example
 * await using issuer = await testIssuer();
 * await using database = await testDatabase(issuer.config({ clientId: "my-api" }));
 * const verifier = await createVerifier({ database: database.url });
 * const token = signTestToken(issuer, { sub: "alice", aud: "my-api", groups: ["behandelaars"] });
 * const outcome = await verifier.authenticate(`Bearer ${token}`);
 */
export async function testIssuer({ algorithm = "RS256" }: TestIssuerOptions = {}): Promise<TestIssuer> {
  const signed = new Map<string, Claims>();
  const grants = new Map<string, Grant>();
  let person: Claims = { sub: "alice" };
  let key = await createKey(algorithm);
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}`;

  const signToken = (claims: Claims, header: Claims = {}): string => {
    const now = Math.floor(Date.now() / 1000);
    const all = { iss: issuer, iat: now, exp: now + lifetimeSeconds, jti: randomUUID(), ...claims };
    const token = signJws(key, { alg: algorithm, typ: "JWT", kid: key.jwk.kid, ...header }, all);
    signed.set(token, all);
    return token;
  };

  /** The authorization code flow (RFC 6749 §4.1) with PKCE (RFC 7636). */
  const authorize = (query: URLSearchParams, response: ServerResponse): void => {
    const code = randomUUID();
    const clientId = query.get("client_id") ?? "";
    grants.set(code, { clientId, nonce: query.get("nonce"), challenge: query.get("code_challenge"), person });
    const back = new URL(query.get("redirect_uri") ?? issuer);
    back.searchParams.set("code", code);
    back.searchParams.set("state", query.get("state") ?? "");
    response.writeHead(302, { location: back.href }).end();
  };

  const exchange = (form: URLSearchParams, response: ServerResponse): void => {
    const code = form.get("code") ?? "";
    const grant = grants.get(code);
    grants.delete(code);
    const verifier = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    if (!grant || (grant.challenge !== null && grant.challenge !== verifier)) {
      json(response, 400, { error: "invalid_grant" });
      return;
    }
    const claims = { ...grant.person, aud: grant.clientId };
    json(response, 200, {
      token_type: "Bearer",
      access_token: signToken(claims),
      id_token: signToken({ ...claims, ...(grant.nonce !== null && { nonce: grant.nonce }) }),
      expires_in: lifetimeSeconds,
    });
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "", issuer);
    if (pathname === "/authorize") return authorize(searchParams, response);
    if (pathname === "/token") return exchange(new URLSearchParams(await text(request)), response);
    if (pathname === "/.well-known/openid-configuration") return json(response, 200, metadataOf(issuer, algorithm));
    if (pathname === "/jwks") return json(response, 200, { keys: [key.jwk] });
    if (pathname === "/userinfo") {
      const claims = signed.get((request.headers.authorization ?? "").replace(/^Bearer /i, ""));
      return claims ? json(response, 200, claims) : json(response, 401, { error: "invalid_token" });
    }
    if (pathname === "/introspect" && request.method === "POST") {
      const claims = signed.get(new URLSearchParams(await text(request)).get("token") ?? "");
      return json(response, 200, claims ? { active: true, ...claims } : { active: false });
    }
    json(response, 404, { error: "not_found" });
  }

  const close = (): Promise<void> =>
    new Promise((closed) => {
      server.close(() => closed());
      server.closeAllConnections();
    });
  const started: TestIssuer = {
    issuer,
    config: (client) => configOf(issuer, algorithm, client),
    signInAs: (claims) => {
      person = claims;
    },
    rotateKey: async () => {
      key = await createKey(algorithm);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
  signers.set(started, signToken);
  return started;
}

/**
 * Signs claims as the issuer would: `iss`, `iat`, `exp` (in 5 minutes) and `jti` are added, unless given. A claim of `undefined` is
 * left out.
 *
 * @returns a JWT, for `Authorization: Bearer …`
 */
export function signTestToken(issuer: TestIssuer, claims: Claims, options: TestTokenOptions = {}): string {
  const signToken = signers.get(issuer);
  if (!signToken) throw new TypeError("expected an issuer that testIssuer() has made");
  return signToken(claims, options.header);
}

interface SigningKey {
  readonly privateKey: KeyObject;
  readonly jwk: JsonWebKey & { readonly kid: string };
}

async function createKey(algorithm: "RS256" | "ES256"): Promise<SigningKey> {
  const { privateKey, publicKey } =
    algorithm === "RS256"
      ? await createKeyPair("rsa", { modulusLength: 2048 })
      : await createKeyPair("ec", { namedCurve: "P-256" });
  return { privateKey, jwk: { ...publicKey.export({ format: "jwk" }), kid: randomUUID(), alg: algorithm, use: "sig" } };
}

function signJws({ privateKey }: SigningKey, header: Claims, claims: Claims): string {
  const present = Object.fromEntries(Object.entries(header).filter(([, value]) => value !== null));
  const input = [present, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const signature = sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return `${input}.${signature.toString("base64url")}`;
}

function metadataOf(issuer: string, algorithm: string): object {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    introspection_endpoint: `${issuer}/introspect`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    scopes_supported: ["openid", "email", "profile"],
    code_challenge_methods_supported: ["S256"],
    id_token_signing_alg_values_supported: [algorithm],
  };
}

function configOf(
  issuer: string,
  algorithm: string,
  { identifier = "api-oidc", clientId = "api", options }: TestClient = {},
): Record<string, unknown> {
  const standard = {
    user_settings: { claim_mappings: { username: ["sub"], email: ["email"] } },
    groups_settings: { claim_mapping: ["groups"], sync: true },
  };
  const provider = { identifier: "test-issuer", endpoint_config: { oidc_op_discovery_endpoint: `${issuer}/` } };
  const client = {
    identifier,
    oidc_provider_identifier: "test-issuer",
    oidc_rp_client_id: clientId,
    oidc_rp_client_secret: randomUUID(),
    oidc_rp_sign_algo: algorithm,
    options: options ?? standard,
  };
  return { oidc_db_config_enable: true, oidc_db_config_admin_auth: { providers: [provider], items: [client] } };
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
