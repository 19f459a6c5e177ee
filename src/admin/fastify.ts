import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import type { Admin } from "./admin.js";
import { headersOf, methodNotAllowed, requestFor } from "./mount.js";
import { bodyOf } from "./node-http.js";

/** The parts of a Fastify instance that are used. */
export interface InstanceLike {
  /** The path that the plugin is registered under. */
  readonly prefix: string;
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(type: string, parser: (request: unknown, payload: IncomingMessage, done: Done) => void): unknown;
  all(path: string, handler: (request: RequestLike, reply: ReplyLike) => Promise<unknown>): unknown;
}

/** The parts of a Fastify request that are used. */
export interface RequestLike {
  readonly raw: IncomingMessage;
  readonly body: unknown;
  /** Fastify's own value, which respects trusted proxies. */
  readonly ip: string;
}

/** The parts of a Fastify reply that are used. */
export interface ReplyLike {
  code(status: number): unknown;
  header(name: string, value: string): unknown;
  send(body?: Readable): unknown;
}

type Done = (error: Error | null, body?: unknown) => void;

/**
 * A Fastify plugin with the admin interface: `app.register(mountAdmin(admin), { prefix: "/beheer" })`. Parsers of the application do
 * not apply to it; nor do its own to the application.
 */
export function mountAdmin(admin: Admin) {
  return (instance: InstanceLike, _options: unknown, done: () => void): void => {
    instance.removeAllContentTypeParsers();
    // Unread: the pages read forms themselves.
    instance.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    const mountPath = instance.prefix.replace(/\/$/, "");
    instance.all("/*", (request, reply) => answer(admin, mountPath, request, reply));
    if (mountPath !== "") instance.all("/", (request, reply) => answer(admin, mountPath, request, reply));
    done();
  };
}

async function answer(admin: Admin, mountPath: string, request: RequestLike, reply: ReplyLike): Promise<unknown> {
  const { method = "GET", url = "/", rawHeaders } = request.raw;
  const headers = headersOf(rawHeaders);
  // Undefined for an empty one; a hook of the application may have replaced the stream.
  const stream = request.body instanceof Readable ? request.body : request.raw;
  const body = method === "POST" ? await bodyOf(stream, request.body, headers) : undefined;
  const forwarded = requestFor(admin, { method, url, mountPath, headers, body });
  if (!forwarded) {
    reply.code(methodNotAllowed.status);
    reply.header("allow", methodNotAllowed.allow);
    return reply.send();
  }
  const answered = await admin.fetch(forwarded, { address: request.ip });
  reply.code(answered.status);
  // Each of several cookies comes by itself, and is added.
  for (const [name, value] of answered.headers) reply.header(name, value);
  // The global type and Node's own are the same stream.
  return reply.send(answered.body === null ? undefined : Readable.fromWeb(answered.body as ReadableStream));
}
