import { parseUrl } from "../characters.js";
import type { Admin } from "./admin.js";

/** What an adapter got of a request, whatever its framework. */
export interface Received {
  readonly method: string;
  /** The path and query, as they came. */
  readonly url: string;
  /** The path that the pages are mounted under, which begins `url`; empty where it is not known. */
  readonly mountPath: string;
  readonly headers: Headers;
  /** A stream is one that nobody has read. */
  readonly body: Uint8Array<ArrayBuffer> | ReadableStream | undefined;
}

const methods = new Set(["GET", "HEAD", "POST"]);

/**
 * The request that the pages answer: under their public URL, wherever they are mounted and whatever a proxy stripped. Undefined for a
 * method that they don't have, some of which a `Request` does not have either.
 */
export function requestFor({ publicUrl }: Admin, received: Received): Request | undefined {
  const { method, headers, body } = received;
  if (!methods.has(method)) return undefined;
  const { origin, pathname } = new URL(publicUrl);
  const basePath = pathname.replace(/\/$/, "");
  const path = pathOf(received.url);
  const url = origin + (isUnder(received.mountPath, path) ? basePath + path.slice(received.mountPath.length) : path);
  if (body === undefined) return new Request(url, { method, headers });
  if (body instanceof ReadableStream) return new Request(url, { method, headers, body, duplex: "half" });
  headers.delete("transfer-encoding");
  headers.set("content-length", String(body.byteLength));
  return new Request(url, { method, headers, body });
}

function isUnder(mountPath: string, path: string): boolean {
  return mountPath !== "" && path.startsWith(mountPath) && /^(?:[/?]|$)/.test(path.slice(mountPath.length));
}

/** A client may send the whole URL (RFC 9112 §3.2.2). */
function pathOf(url: string): string {
  if (url.startsWith("/")) return url;
  const parsed = parseUrl(url);
  return parsed ? parsed.pathname + parsed.search : "/";
}

/** The answer to a method that the pages don't have. */
export const methodNotAllowed = { status: 405, allow: [...methods].join(", ") } as const;

/** Headers as Node has them: alternating names and values. HTTP/2 has its pseudo-headers among them. */
export function headersOf(rawHeaders: readonly string[]): Headers {
  const headers = new Headers();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = "", value = ""] = rawHeaders.slice(index, index + 2);
    if (name === ":authority") headers.append("host", value);
    if (!name.startsWith(":")) headers.append(name, value);
  }
  return headers;
}

const formTypes = /^\s*(?:application\/x-www-form-urlencoded|multipart\/form-data)\s*(?:;|$)/i;

/**
 * The body that a parser in front has read already, from what it made of it. A form becomes one of the simplest type, without its
 * files, which no page takes.
 *
 * @throws TypeError where nothing is left of it
 */
export function bodyAgain(parsed: unknown, headers: Headers): Uint8Array<ArrayBuffer> {
  headers.delete("content-encoding");
  if (parsed instanceof Uint8Array) return Uint8Array.from(parsed);
  if (typeof parsed === "string") return Uint8Array.from(Buffer.from(parsed));
  if (typeof parsed !== "object" || parsed === null) throw bodyIsLost();
  if (!isForm(headers)) return Uint8Array.from(Buffer.from(JSON.stringify(parsed)));
  return encodedForm(
    Object.entries(parsed).flatMap(([name, value]) => fieldsOf(name, value)),
    headers,
  );
}

export function bodyIsLost(cause?: unknown): TypeError {
  const text = "the request's body was read and not kept: mount the admin interface before what reads it";
  return new TypeError(text, { cause });
}

export function isForm(headers: Headers): boolean {
  return formTypes.test(headers.get("content-type") ?? "");
}

export function encodedForm(fields: [name: string, text: string][], headers: Headers): Uint8Array<ArrayBuffer> {
  headers.set("content-type", "application/x-www-form-urlencoded");
  return Uint8Array.from(Buffer.from(new URLSearchParams(fields).toString()));
}

/** A field as it was sent: several values under one name, or those that the `qs` package put into an object. */
function fieldsOf(name: string, value: unknown): [name: string, text: string][] {
  if (typeof value === "string") return [[name, value]];
  if (Array.isArray(value)) return value.flatMap((one) => fieldsOf(name, one));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => fieldsOf(`${name}[${key}]`, inner));
}
