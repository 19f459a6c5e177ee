import { andThen, orElse } from "../maybe-promise.js";
import { type Answer, answerMetadata, attachPrincipal, metadataPathOf, rawAuthorization } from "./adapter.js";
import type { ProblemDetails } from "./problem.js";
import type { RequireOptions } from "./requirement.js";
import type { Decision, Verifier } from "./verifier.js";

export { principalOf } from "./adapter.js";
export type { RequireOptions } from "./requirement.js";

/** The parts of a Fastify request that are used. */
export interface RequestLike {
  readonly raw: { readonly rawHeaders: string[] };
  /** Fastify's own value, which respects trusted proxies. */
  readonly ip: string;
  /** Fastify's own id of the request. */
  readonly id: string | number;
}

/** The parts of a Fastify reply that are used. */
export interface ReplyLike {
  code(status: number): unknown;
  headers(values: Record<string, string>): unknown;
  send(body: Buffer): unknown;
}

/**
 * A Fastify `onRequest` hook that accepts what the verifier accepts, and answers others with 401, 403, 429 or 503. After it,
 * `principalOf(request)` returns the principal.
 *
 * @throws TypeError as `verifier.require`
 */
export function requireAuth(verifier: Verifier, options: RequireOptions = {}) {
  const required = verifier.require(options);
  return (request: RequestLike, reply: ReplyLike, done: Done): void => {
    const context = { source: () => request.ip, requestId: () => request.id };
    const decision = verifier.authorize(rawAuthorization(request.raw.rawHeaders), required, context);
    orElse(andThen(decision, proceed, request, reply, done), done);
  };
}

type Done = (error?: Error) => void;

function proceed(decision: Decision, request: RequestLike, reply: ReplyLike, done: Done): void {
  if (decision.kind === "refused") {
    sendProblem(reply, decision.problem);
  } else {
    attachPrincipal(request, decision.principal);
    done();
  }
}

function sendProblem(reply: ReplyLike, { status, headers, body }: ProblemDetails): void {
  send({ status, headers, text: JSON.stringify(body) }, reply);
}

function send({ status, headers, text }: Answer, reply: ReplyLike): void {
  reply.code(status);
  reply.headers({ ...headers });
  // As bytes: Fastify adds a charset to text, which JSON does not have (RFC 8259 §11).
  reply.send(Buffer.from(text));
}

/**
 * A Fastify route that serves the metadata of the API (RFC 9728) at its well-known path: `app.route(resourceMetadata(verifier))`.
 *
 * @throws TypeError where the verifier was created without `resource`
 */
export function resourceMetadata(verifier: Verifier) {
  return {
    method: "GET" as const,
    // A colon begins a parameter.
    url: metadataPathOf(verifier).replaceAll(":", "::"),
    handler: async (_request: unknown, reply: ReplyLike): Promise<ReplyLike> => {
      send(await answerMetadata(verifier), reply);
      return reply;
    },
  };
}
