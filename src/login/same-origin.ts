/** A request's headers: as `fetch` has them, or as Node's `http` does. */
export type RequestHeaders =
  | { readonly get: (name: string) => string | null | undefined }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Makes the check whether a request comes from a page of this origin. Browsers send `Origin` with every POST; a request with
 * neither header is refused.
 */
export function createSameOriginCheck(origin: string): (headers: RequestHeaders) => boolean {
  return (headers) => {
    const claimed = readHeader(headers, "origin");
    const site = readHeader(headers, "sec-fetch-site");
    // Where pages send no referrer, browsers write `null` for their own origin too, and only the other header tells.
    const isOpen = claimed === undefined || claimed === "null";
    return site === undefined ? claimed === origin : site === "same-origin" && (isOpen || claimed === origin);
  };
}

/** A header that came twice is like one with both values, which fits nothing. */
function readHeader(headers: RequestHeaders, name: string): string | undefined {
  if (hasGet(headers)) return headers.get(name) ?? undefined;
  const value = headers[name];
  return typeof value === "string" ? value : value?.join(", ");
}

function hasGet(headers: RequestHeaders): headers is Extract<RequestHeaders, { get: unknown }> {
  return typeof headers.get === "function";
}
