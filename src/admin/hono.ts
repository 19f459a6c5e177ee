import type { Admin } from "./admin.js";
import { bodyAgain, bodyIsLost, encodedForm, isForm, methodNotAllowed, type Received, requestFor } from "./mount.js";

/** The parts of a Hono context that are used. */
export interface ContextLike {
  readonly req: {
    readonly raw: Request;
    /** Such as `/beheer/*`. */
    readonly routePath: string;
    formData(): Promise<FormData>;
    arrayBuffer(): Promise<ArrayBuffer>;
  };
  /** The server's bindings: those of `@hono/node-server` hold Node's request. */
  readonly env: unknown;
}

interface MountOptions<C> {
  /**
   * The address of the browser, such as from a header that your proxy sets. Defaults to the peer's, which is the proxy's where there
   * is one: Hono itself has no notion of proxies.
   */
  readonly address?: ((context: C) => string | undefined) | undefined;
}

/** A Hono handler with the admin interface: `app.all("/beheer/*", mountAdmin(admin))`. */
export function mountAdmin<C extends ContextLike>(admin: Admin, { address = peerAddress }: MountOptions<C> = {}) {
  return async (context: C): Promise<Response> => {
    const { raw, routePath } = context.req;
    const { pathname, search } = new URL(raw.url);
    const headers = new Headers(raw.headers);
    const body = raw.method === "POST" ? await bodyOf(context, headers) : undefined;
    const mountPath = /^(\/[^*:{]*)\/\*$/.exec(routePath)?.[1] ?? "";
    const forwarded = requestFor(admin, { method: raw.method, url: pathname + search, mountPath, headers, body });
    if (!forwarded) {
      return new Response(null, { status: methodNotAllowed.status, headers: { allow: methodNotAllowed.allow } });
    }
    return await admin.fetch(forwarded, { address: address(context) });
  };
}

/** The body, also where a parser in front has read it: Hono keeps that. */
async function bodyOf({ req }: ContextLike, headers: Headers): Promise<Received["body"]> {
  if (!req.raw.bodyUsed) return req.raw.body ?? undefined;
  try {
    if (!isForm(headers)) return bodyAgain(new Uint8Array(await req.arrayBuffer()), headers);
    const fields = [...(await req.formData())];
    return encodedForm(
      fields.filter((field): field is [string, string] => typeof field[1] === "string"),
      headers,
    );
  } catch (error) {
    throw bodyIsLost(error);
  }
}

function peerAddress({ env }: ContextLike): string | undefined {
  // Only its type is relied on.
  const { incoming } = (env ?? {}) as {
    readonly incoming?: { readonly socket?: { readonly remoteAddress?: unknown } };
  };
  const address = incoming?.socket?.remoteAddress;
  return typeof address === "string" ? address : undefined;
}
