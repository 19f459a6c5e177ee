import type { IncomingMessage, ServerResponse } from "node:http";
import type { Admin } from "./admin.js";
import { headersOf, methodNotAllowed, requestFor } from "./mount.js";
import { bodyOf, send } from "./node-http.js";

/** A request of Express, or of `node:http` alone. */
export interface RequestLike extends IncomingMessage {
  /** The path that the pages are mounted under; Express strips it from `url`. */
  readonly baseUrl?: string | undefined;
  /** Express' own value, which respects trusted proxies. */
  readonly ip?: string | undefined;
  /** What a body parser made of the body. */
  readonly body?: unknown;
}

/**
 * Express middleware with the admin interface: `app.use("/beheer", mountAdmin(admin))`. It may stand behind body parsers; what fails
 * inside the pages they answer themselves, and the rest goes to `next`. Without Express, it listens to a server of `node:http`.
 */
export function mountAdmin(admin: Admin) {
  return (request: RequestLike, response: ServerResponse, next: Next = endWith(response)): void => {
    answer(admin, request, response).catch(next);
  };
}

type Next = (error?: unknown) => void;

async function answer(admin: Admin, request: RequestLike, response: ServerResponse): Promise<void> {
  const { method = "GET", baseUrl: mountPath = "", rawHeaders, socket } = request;
  const headers = headersOf(rawHeaders);
  const body = method === "POST" ? await bodyOf(request, request.body, headers) : undefined;
  if (method === "POST" && body === undefined) return;
  const url = mountPath + (request.url ?? "/");
  const forwarded = requestFor(admin, { method, url, mountPath, headers, body });
  if (!forwarded) {
    response.writeHead(methodNotAllowed.status, { allow: methodNotAllowed.allow }).end();
    return;
  }
  const answered = await admin.fetch(forwarded, { address: request.ip ?? socket.remoteAddress });
  await send(answered, response).catch((error: unknown) => {
    // The client went away.
    if (!response.destroyed) throw error;
  });
}

function endWith(response: ServerResponse): Next {
  return () => {
    if (!response.headersSent) response.writeHead(500);
    response.end();
  };
}
