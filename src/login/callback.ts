/** What the browser brings back from the provider (RFC 6749 §4.1.2, RFC 9207). */
export interface Callback {
  readonly state: string;
  readonly code: string | undefined;
  /** The provider's error code; anything may stand there. */
  readonly error: string | undefined;
  /** What the provider says of the error; anything of any length may stand there. */
  readonly errorDescription: string | undefined;
  readonly issuer: string | undefined;
}

const names = ["state", "code", "error", "iss"] as const;
const longest = 4096;

/**
 * Reads a callback's query.
 *
 * @param url of the request, or its path and query
 * @param base only needed for a path
 * @returns a word for the log where it is no answer to a login
 */
export function readCallback(url: string, base: URL): Callback | "no_url" | "ambiguous" | "too_long" | "no_state" {
  if (!URL.canParse(url, base.href)) return "no_url";
  const { searchParams } = new URL(url, base);
  const values = names.map((name) => searchParams.getAll(name));
  // Two readers could see two different values.
  if (values.some(({ length }) => length > 1)) return "ambiguous";
  const [state, code, error, issuer] = values.map(([value]) => value);
  if (!state) return "no_state";
  if ([state, code, error, issuer].some((value) => (value?.length ?? 0) > longest)) return "too_long";
  const errorDescription = searchParams.get("error_description") ?? undefined;
  return code !== undefined && error !== undefined ? "ambiguous" : { state, code, error, errorDescription, issuer };
}
