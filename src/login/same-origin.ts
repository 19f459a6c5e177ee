import { parseUrl } from "../characters.js";

/** A request's headers, as `fetch` or Node's `http` represents them. */
export type RequestHeaders =
  | { readonly get: (name: string) => string | null | undefined }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Checks that a request comes from a page of this origin. Browsers send `Origin` with every POST; a request with neither header
 * is rejected.
 */
export function createSameOriginCheck(origin: string): (headers: RequestHeaders) => boolean {
  return (headers) => {
    const claimed = readHeader(headers, "origin");
    const site = readHeader(headers, "sec-fetch-site");
    // Browsers also send `null` for the same origin if its pages send no referrer; then only the other header decides.
    const isOpen = claimed === undefined || claimed === "null";
    return site === undefined ? claimed === origin : site === "same-origin" && (isOpen || claimed === origin);
  };
}

/** Joins the values of a repeated header, which then matches nothing. */
function readHeader(headers: RequestHeaders, name: string): string | undefined {
  if (hasGet(headers)) return headers.get(name) ?? undefined;
  const value = headers[name];
  return typeof value === "string" ? value : value?.join(", ");
}

function hasGet(headers: RequestHeaders): headers is Extract<RequestHeaders, { get: unknown }> {
  return typeof headers.get === "function";
}

const home = "/";
const maxPathLength = 1024;
const plain = /^\/[\x21-\x7e]*$/;
// Characters, encoded once or more, that a browser or proxy may read as a slash or a line end.
const disguise = /\\|%(?:25)*(?:2f|5c|0[0-9a-f]|1[0-9a-f]|7f)/i;
const lineEnd = /%(?:25)*(?:0a|0d|00)/i;

/**
 * The requested path of this origin to go to after a login; `/` for anything else: other origins in any disguise, and the
 * callback itself.
 *
 * @param callback the login's own URL
 */
export function readNextPath(requested: string | undefined, callback: URL): string {
  if (typeof requested !== "string" || requested.length > maxPathLength || !plain.test(requested)) return home;
  const [path = ""] = requested.split(/[?#]/, 1);
  if (path.startsWith("//") || disguise.test(path) || requested.includes("\\") || lineEnd.test(requested)) return home;
  const url = parseUrl(requested, callback.href);
  // The URL parser removed dots, which may reveal two slashes.
  if (!url || url.origin !== callback.origin || url.pathname.startsWith("//") || url.pathname === callback.pathname)
    return home;
  return url.pathname + url.search + url.hash;
}
