import type { Principal } from "../users/principal.js";
import type { Scheme } from "./authorization-header.js";
import type { Authorization } from "./verifier.js";

const key: unique symbol = Symbol("vtb-setup principal");

interface Carrier {
  [key]?: Principal<Scheme>;
}

/** Leaves the principal with the request, where nothing else has that name. */
export function attachPrincipal(request: object, principal: Principal<Scheme>): void {
  // Any object can carry a symbol of ours.
  (request as Carrier)[key] = principal;
}

/**
 * Whom a request acts for, behind `requireAuth`.
 *
 * @throws TypeError where no `requireAuth` let the request in: a mistake in the program
 */
export function principalOf(request: object): Principal<Scheme> {
  // As above.
  const principal = (request as Carrier)[key];
  if (!principal) throw new TypeError("the request has no principal: put requireAuth before this handler");
  return principal;
}

export interface RequireOptions {
  /** Such as `taken.view_externetaak`; without it, whoever is authenticated is let in. */
  readonly permission?: string | undefined;
}

const name = "authorization";

/**
 * The `Authorization` headers of a request as they came. Node's `headers` keeps the first of several, and so would let a
 * proxy and this program see different ones.
 *
 * @param rawHeaders names and values in turn
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
