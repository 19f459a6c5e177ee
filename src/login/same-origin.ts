/** A request's headers: as `fetch` has them, or as Node's `http` does. */
export type RequestHeaders =
  | { readonly get: (name: string) => string | null | undefined }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Creates the check that a request comes from a page of this origin. Browsers send `Origin` with every POST; a request with
 * neither header is refused.
 */
export function createSameOriginCheck(origin: string): (headers: RequestHeaders) => boolean {
  return (headers) => {
    const claimed = readHeader(headers, "origin");
    const site = readHeader(headers, "sec-fetch-site");
    // Where pages send no referrer, browsers write `null` for their own origin too, and only the other header decides.
    const isOpen = claimed === undefined || claimed === "null";
    return site === undefined ? claimed === origin : site === "same-origin" && (isOpen || claimed === origin);
  };
}

/** A repeated header is like one with both values, which matches nothing. */
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
// Encodings, once or twice, of what a browser or a proxy may read as a slash or the end of a header.
const disguise = /\\|%(?:25)*(?:2f|5c|0[0-9a-f]|1[0-9a-f]|7f)/i;
const lineEnd = /%(?:25)*(?:0a|0d|00)/i;

/**
 * The path of this origin to go to after a login, as a program or a request asks; `/` for everything that is not plainly
 * one: other origins in any disguise, and the callback itself.
 *
 * @param callback the login's own URL
 */
export function readNextPath(requested: string | undefined, callback: URL): string {
  if (typeof requested !== "string" || requested.length > maxPathLength || !plain.test(requested)) return home;
  const [path = ""] = requested.split(/[?#]/, 1);
  if (path.startsWith("//") || disguise.test(path) || requested.includes("\\") || lineEnd.test(requested)) return home;
  if (!URL.canParse(requested, callback.href)) return home;
  const url = new URL(requested, callback);
  // Dots are gone now, and what they hid may begin with two slashes.
  if (url.origin !== callback.origin || url.pathname.startsWith("//") || url.pathname === callback.pathname)
    return home;
  return url.pathname + url.search + url.hash;
}
