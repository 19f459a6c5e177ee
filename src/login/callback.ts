import { describeError } from "../oidc/remote-document.js";
import { fault, type LoginFault } from "./login-client.js";

/** What the browser brings back from the provider (RFC 6749 §4.1.2, RFC 9207). */
export interface Callback {
  readonly kind: "callback";
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
 */
export function readCallback(url: string, base: URL): Callback | LoginFault {
  if (!URL.canParse(url, base.href)) return fault("callback_invalid", "no_url");
  const { searchParams } = new URL(url, base);
  const values = names.map((name) => searchParams.getAll(name));
  // Two readers could see two different values.
  const twice = names.find((_, index) => (values[index]?.length ?? 0) > 1);
  if (twice) return fault("callback_invalid", "ambiguous", { found: `\`${twice}\` twice` });
  const [state, code, error, issuer] = values.map(([value]) => value);
  const errorDescription = searchParams.get("error_description") ?? undefined;
  if (!state) {
    const found = error === undefined ? "no `state`" : `no \`state\`, ${describeError(error, errorDescription, [])}`;
    return fault("state_invalid", "no_state", { found });
  }
  const long = names.find((_, index) => (values[index]?.[0]?.length ?? 0) > longest);
  if (long) return fault("callback_invalid", "too_long", { found: `\`${long}\` of over ${longest} characters` });
  if (code !== undefined && error !== undefined) {
    return fault("callback_invalid", "ambiguous", { found: "both `code` and `error`" });
  }
  return { kind: "callback", state, code, error, errorDescription, issuer };
}
