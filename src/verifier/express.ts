import { andThen, orElse } from "../maybe-promise.js";
import {
  type Answer,
  answerMetadata,
  attachPrincipal,
  metadataPathOf,
  type RequireOptionsOf,
  rawAuthorization,
} from "./adapter.js";
import type { ProblemDetails } from "./problem.js";
import type { Decision, Verifier } from "./verifier.js";

export { principalOf, type RequireOptionsOf } from "./adapter.js";
export type { RequireOptions } from "./requirement.js";

/** The parts of an Express request, or of one of `node:http`, that are used. */
export interface RequestLike {
  readonly rawHeaders: string[];
  /** Express' own value, which respects trusted proxies. */
  readonly ip?: string | undefined;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/** The parts of an Express response, or of one of `node:http`, that are used. */
export interface ResponseLike {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

/**
 * Express middleware that accepts what the verifier accepts, and answers others with 401, 403, 429 or 503. After it,
 * `principalOf(request)` returns the principal.
 *
 * @throws TypeError as `verifier.require`
 */
export function requireAuth<Request extends RequestLike>(
  verifier: Verifier,
  { requestId, source = addressOf, ...options }: RequireOptionsOf<Request> = {},
) {
  const required = verifier.require(options);
  return (request: Request, response: ResponseLike, next: Next): void => {
    const context = {
      source: () => source(request),
      requestId: requestId && (() => requestId(request)),
    };
    const decision = verifier.authorize(rawAuthorization(request.rawHeaders), required, context);
    orElse(andThen(decision, proceed, request, response, next), next);
  };
}

function addressOf({ ip, socket }: RequestLike): string | undefined {
  return ip ?? socket.remoteAddress;
}

type Next = (error?: unknown) => void;

function proceed(decision: Decision, request: RequestLike, response: ResponseLike, next: Next): void {
  if (decision.kind === "refused") {
    sendProblem(response, decision.problem);
  } else {
    attachPrincipal(request, decision.principal);
    next();
  }
}

function sendProblem(response: ResponseLike, { status, headers, body }: ProblemDetails): void {
  send({ status, headers, text: JSON.stringify(body) }, response);
}

function send({ status, headers, text }: Answer, response: ResponseLike): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end(text);
}

/** The parts of a request that show what it asks for. */
interface AddressedRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** Express' own, where it is mounted below a path. */
  readonly originalUrl?: string | undefined;
}

/**
 * Express middleware that serves the metadata of the API (RFC 9728) at its well-known path, and passes on other requests:
 * `app.use(resourceMetadata(verifier))`.
 *
 * @throws TypeError where the verifier was created without `resource`
 */
export function resourceMetadata(verifier: Verifier) {
  const path = metadataPathOf(verifier);
  return ({ method, url, originalUrl = url }: AddressedRequest, response: ResponseLike, next: Next): void => {
    const isAsked = (method === "GET" || method === "HEAD") && originalUrl?.split("?", 1)[0] === path;
    if (!isAsked) next();
    else {
      answerMetadata(verifier)
        .then((answer) => send(answer, response))
        .catch(next);
    }
  };
}
