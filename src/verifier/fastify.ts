import { andThen, orElse } from "../maybe-promise.js";
import { attachPrincipal, rawAuthorization } from "./adapter.js";
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
    send(reply, decision.problem);
  } else {
    attachPrincipal(request, decision.principal);
    done();
  }
}

function send(reply: ReplyLike, problem: ProblemDetails): void {
  reply.code(problem.status);
  reply.headers({ ...problem.headers });
  // As bytes: Fastify adds a charset to text, which JSON does not have (RFC 8259 §11).
  reply.send(Buffer.from(JSON.stringify(problem.body)));
}
