import type { Principal } from "../users/principal.js";
import type { Scheme } from "./fault.js";

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
