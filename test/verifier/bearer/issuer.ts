import { generateKeyPair, type JsonWebKey, type KeyObject, sign } from "node:crypto";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { startServer, type TestServer } from "../../support/http-server.js";

const makePair = promisify(generateKeyPair);

export interface TestKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly jwk: JsonWebKey & { readonly kid: string };
}

/** A key pair for an algorithm; the one who asks for it under its name. */
export async function makeKey(alg: string, kid = `key-${alg}`, bits = 2048): Promise<TestKey> {
  const pair = alg.startsWith("ES")
    ? await makePair("ec", { namedCurve: { ES256: "P-256", ES384: "P-384", ES512: "P-521" }[alg] ?? "P-256" })
    : alg.startsWith("Ed")
      ? await makePair("ed25519")
      : await makePair("rsa", { modulusLength: bits });
  return { kid, alg, ...pair, jwk: { ...pair.publicKey.export({ format: "jwk" }), kid } };
}

export function encode(part: unknown): string {
  return Buffer.from(typeof part === "string" ? part : JSON.stringify(part)).toString("base64url");
}

/** Signs what is given, however odd: a text is taken as the JSON text itself. */
export function signParts(key: TestKey, header: unknown, claims: unknown): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${signBytes(key, Buffer.from(signed)).toString("base64url")}`;
}

function signBytes({ alg, privateKey }: TestKey, bytes: Uint8Array): Buffer {
  if (alg.startsWith("Ed")) return sign(null, bytes, privateKey);
  const digest = `sha${alg.slice(2)}`;
  if (alg.startsWith("ES")) return sign(digest, bytes, { key: privateKey, dsaEncoding: "ieee-p1363" });
  if (alg.startsWith("PS"))
    return sign(digest, bytes, { key: privateKey, padding: 6, saltLength: Number(alg.slice(2)) / 8 });
  return sign(digest, bytes, privateKey);
}

/** A small provider whose every answer a test can set; attacks need answers that a real one does not give. */
export interface Issuer extends TestServer {
  readonly issuer: string;
  keys: readonly unknown[];
  jwksHeaders: Readonly<Record<string, string>>;
  /** Answers instead of the keys, while it is set. */
  onKeys: ((response: ServerResponse) => void) | undefined;
  onUserinfo: (response: ServerResponse, credential: string) => void;
  onIntrospection: (response: ServerResponse, form: URLSearchParams, headers: IncomingHttpHeaders) => void;
  onOther: (response: ServerResponse) => void;
  readonly introspectionRequests: () => number;
  readonly keyRequests: () => number;
  readonly userinfoRequests: () => number;
}

export async function startIssuer(): Promise<Issuer> {
  const state: Pick<Issuer, "keys" | "jwksHeaders" | "onKeys" | "onUserinfo" | "onIntrospection" | "onOther"> = {
    keys: [],
    jwksHeaders: {},
    onKeys: undefined,
    onUserinfo: (response) => void response.writeHead(401).end(),
    onIntrospection: (response) => json(response, { active: false }),
    onOther: (response) => void response.writeHead(404).end(),
  };
  const server = await startServer((request, response) => {
    if (request.url === "/jwks") {
      if (state.onKeys) return state.onKeys(response);
      response.writeHead(200, { "content-type": "application/json", ...state.jwksHeaders });
      return void response.end(JSON.stringify({ keys: state.keys }));
    }
    if (request.url === "/userinfo") {
      return state.onUserinfo(response, (request.headers.authorization ?? "").replace(/^Bearer /, ""));
    }
    if (request.url === "/introspect" && request.method === "POST") {
      void text(request).then((body) => state.onIntrospection(response, new URLSearchParams(body), request.headers));
      return;
    }
    state.onOther(response);
  });
  const count = (url: string) => server.requests.filter((requested) => requested === url).length;
  return Object.assign(state, {
    ...server,
    issuer: server.origin,
    introspectionRequests: () => count("/introspect"),
    keyRequests: () => count("/jwks"),
    userinfoRequests: () => count("/userinfo"),
  });
}

/** Answers with JSON. */
export function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
