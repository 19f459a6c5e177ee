import type { Decision } from "./outcome.js";
import type { HttpProblem } from "./problem.js";
import { rawAuthorization } from "./raw-authorization.js";
import { attachPrincipal } from "./request-principal.js";
import type { RequireOptions } from "./require-options.js";
import type { Authorization, Verifier } from "./verifier.js";

export { principalOf } from "./request-principal.js";
export type { RequireOptions } from "./require-options.js";

/** What is used of a Hono context. */
export interface ContextLike {
  readonly req: { header(name: string): string | undefined };
  /** What the server gives beside the request: that of `@hono/node-server` has Node's own. */
  readonly env: unknown;
}

/**
 * Hono middleware that lets in whoever the verifier lets in, and answers 401, 403 or 503 to the others. Behind it,
 * `principalOf(context)` tells who it is.
 */
export function requireAuth(verifier: Verifier, { permission }: RequireOptions = {}) {
  return (context: ContextLike, next: () => Promise<void>): Promise<Response | undefined> => {
    const proceed = async (decision: Decision): Promise<Response | undefined> => {
      if (decision.kind === "refused") return responseOf(decision.problem);
      attachPrincipal(context, decision.principal);
      await next();
      return undefined;
    };
    const decision = verifier.authorize(authorizationOf(context), permission);
    return decision instanceof Promise ? decision.then(proceed) : proceed(decision);
  };
}

function responseOf({ status, headers, body }: HttpProblem): Response {
  return new Response(JSON.stringify(body), { status, headers });
}

/** Other servers than Node's join headers that came several times with a comma, which no credential of ours passes. */
function authorizationOf({ env, req }: ContextLike): Authorization {
  const rawHeaders = rawHeadersOf(env);
  return rawHeaders ? rawAuthorization(rawHeaders) : req.header("authorization");
}

function rawHeadersOf(env: unknown): readonly string[] | undefined {
  // What these bindings are is looked at here, one by one.
  const incoming = (env as { readonly incoming?: { readonly rawHeaders?: unknown } } | undefined)?.incoming;
  // Node's are names and values in turn, all of them text.
  return Array.isArray(incoming?.rawHeaders) ? (incoming.rawHeaders as readonly string[]) : undefined;
}
