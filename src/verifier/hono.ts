import { attachPrincipal, type RequireOptions, rawAuthorization } from "./adapter.js";
import type { ProblemDetails } from "./problem.js";
import type { Authorization, Decision, Verifier } from "./verifier.js";

export type { RequireOptions } from "./adapter.js";
export { principalOf } from "./adapter.js";

/** What is used of a Hono context. */
export interface ContextLike {
  readonly req: { header(name: string): string | undefined };
  /** What the server gives beside the request: that of `@hono/node-server` has Node's own. */
  readonly env: unknown;
}

/**
 * Hono middleware that lets in whoever the verifier lets in, and answers 401, 403, 429 or 503 to the others. Behind it,
 * `principalOf(context)` tells who it is.
 */
export function requireAuth(verifier: Verifier, { permission }: RequireOptions = {}) {
  return (context: ContextLike, next: () => Promise<void>): Promise<Response | undefined> => {
    const from = { source: () => sourceOf(context.env) };
    const decision = verifier.authorize(authorizationOf(context), permission, from);
    return decision instanceof Promise
      ? decision.then((found) => proceed(found, context, next))
      : proceed(decision, context, next);
  };
}

function proceed(decision: Decision, context: ContextLike, next: () => Promise<void>): Promise<Response | undefined> {
  if (decision.kind === "refused") return Promise.resolve(responseOf(decision.problem));
  attachPrincipal(context, decision.principal);
  // It resolves to nothing, and one promise less is made without waiting for it here.
  return next() as Promise<undefined>;
}

function responseOf({ status, headers, body }: ProblemDetails): Response {
  return new Response(JSON.stringify(body), { status, headers });
}

/** Other servers than Node's join headers that came several times with a comma, which no credential of ours passes. */
function authorizationOf({ env, req }: ContextLike): Authorization {
  const rawHeaders = rawHeadersOf(env);
  return rawHeaders ? rawAuthorization(rawHeaders) : req.header("authorization");
}

function rawHeadersOf(env: unknown): readonly string[] | undefined {
  const rawHeaders = incomingOf(env)?.rawHeaders;
  // Node's are names and values in turn, all of them text.
  return Array.isArray(rawHeaders) ? (rawHeaders as readonly string[]) : undefined;
}

/** The peer, where the server is Node's; Hono itself knows no proxies. */
function sourceOf(env: unknown): string | undefined {
  const address = incomingOf(env)?.socket?.remoteAddress;
  return typeof address === "string" ? address : undefined;
}

interface Incoming {
  readonly rawHeaders?: unknown;
  readonly socket?: { readonly remoteAddress?: unknown } | undefined;
}

function incomingOf(env: unknown): Incoming | undefined {
  // What these bindings are is looked at by whoever asks, one by one.
  return (env as { readonly incoming?: Incoming } | undefined)?.incoming;
}
