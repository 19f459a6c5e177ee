import type { Principal } from "../users/principal.js";
import type { Scheme } from "./authorization-header.js";
import type { RequireOptions } from "./requirement.js";
import type { Authorization, RequestId } from "./verifier.js";

const key: unique symbol = Symbol("vtb-setup principal");

interface Carrier {
  [key]?: Principal<Scheme>;
}

/** Attaches the principal to the request, under a unique symbol. */
export function attachPrincipal(request: object, principal: Principal<Scheme>): void {
  // Any object can have our symbol.
  (request as Carrier)[key] = principal;
}

/**
 * Returns the principal of a request that `requireAuth` accepted.
 *
 * @throws TypeError if `requireAuth` did not run before
 */
export function principalOf(request: object): Principal<Scheme> {
  // As above.
  const principal = (request as Carrier)[key];
  if (!principal) throw new TypeError("the request has no principal: put requireAuth before this handler");
  return principal;
}

/** The options where the framework does not know what a middleware or proxy adds to a request. */
export interface RequireOptionsOf<Request> extends RequireOptions {
  /** Returns the id of a request for events, such as that of a middleware before. Only called for a request that is refused. */
  readonly requestId?: (request: Request) => RequestId;
}

const name = "authorization";

/**
 * Returns all `Authorization` headers of a request. Node's `headers` keeps only the first, so a proxy and this program could see
 * different ones.
 *
 * @param rawHeaders alternating names and values
 */
export function rawAuthorization(rawHeaders: readonly string[]): Authorization {
  let found: string | undefined;
  let several: string[] | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const header = rawHeaders[index];
    if (header?.length !== name.length || header.toLowerCase() !== name) continue;
    const value = rawHeaders[index + 1] ?? "";
    if (found === undefined) found = value;
    else several = [...(several ?? [found]), value];
  }
  return several ?? found;
}
