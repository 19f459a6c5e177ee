import { andThen } from "../maybe-promise.js";
import { answerMetadata, attachPrincipal, metadataPathOf, type RequireOptionsOf, rawAuthorization } from "./adapter.js";
import type { ProblemDetails } from "./problem.js";
import type { Authorization, Decision, Verifier } from "./verifier.js";

export { principalOf, type RequireOptionsOf } from "./adapter.js";
export type { RequireOptions } from "./requirement.js";

/** The parts of a Hono context that are used. */
export interface ContextLike {
  readonly req: { header(name: string): string | undefined };
  /** The server's bindings: those of `@hono/node-server` hold Node's request. */
  readonly env: unknown;
}

/**
 * Hono middleware that accepts what the verifier accepts, and answers others with 401, 403, 429 or 503. After it,
 * `principalOf(context)` returns the principal.
 *
 * @throws TypeError as `verifier.require`
 */
export function requireAuth<Context extends ContextLike>(
  verifier: Verifier,
  { requestId, source = sourceOf, ...options }: RequireOptionsOf<Context> = {},
) {
  const required = verifier.require(options);
  return (context: Context, next: () => Promise<void>): Promise<Response | undefined> => {
    const from = {
      source: () => source(context),
      requestId: requestId && (() => requestId(context)),
    };
    const decision = verifier.authorize(authorizationOf(context), required, from);
    return andThen(decision, proceed, context, next);
  };
}

function proceed(decision: Decision, context: ContextLike, next: () => Promise<void>): Promise<Response | undefined> {
  if (decision.kind === "refused") return Promise.resolve(responseOf(decision.problem));
  attachPrincipal(context, decision.principal);
  // It resolves to undefined; returning it without `await` saves a promise.
  return next() as Promise<undefined>;
}

function responseOf({ status, headers, body }: ProblemDetails): Response {
  return new Response(JSON.stringify(body), { status, headers });
}

/**
 * Hono middleware that serves the metadata of the API (RFC 9728) at its well-known path, and passes on other requests:
 * `app.use(resourceMetadata(verifier))`.
 *
 * @throws TypeError where the verifier was created without `resource`
 */
export function resourceMetadata(verifier: Verifier) {
  const path = metadataPathOf(verifier);
  return async ({ req }: AddressedContext, next: () => Promise<void>): Promise<Response | undefined> => {
    const isAsked = (req.method === "GET" || req.method === "HEAD") && new URL(req.url).pathname === path;
    if (!isAsked) return next() as Promise<undefined>;
    const { status, headers, text } = await answerMetadata(verifier);
    return new Response(text, { status, headers });
  };
}

/** The parts of a Hono context that show what a request asks for. */
interface AddressedContext {
  readonly req: { readonly method: string; readonly url: string };
}

/** Servers other than Node's join repeated headers with a comma, which none of our credentials contains. */
function authorizationOf({ env, req }: ContextLike): Authorization {
  const rawHeaders = rawHeadersOf(env);
  return rawHeaders ? rawAuthorization(rawHeaders) : req.header("authorization");
}

function rawHeadersOf(env: unknown): readonly string[] | undefined {
  const rawHeaders = incomingOf(env)?.rawHeaders;
  // Node's are alternating names and values, all text.
  return Array.isArray(rawHeaders) ? (rawHeaders as readonly string[]) : undefined;
}

/** The peer, where the server is Node's; Hono itself has no notion of proxies. */
function sourceOf({ env }: ContextLike): string | undefined {
  const address = incomingOf(env)?.socket?.remoteAddress;
  return typeof address === "string" ? address : undefined;
}

interface Incoming {
  readonly rawHeaders?: unknown;
  readonly socket?: { readonly remoteAddress?: unknown } | undefined;
}

function incomingOf(env: unknown): Incoming | undefined {
  // The callers check each property's type.
  return (env as { readonly incoming?: Incoming } | undefined)?.incoming;
}
