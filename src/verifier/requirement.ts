import { isPermission } from "../users/names.js";
import type { Principal } from "../users/principal.js";
import type { Scheme } from "./authorization-header.js";

/** What a route requires of a request. Everything that is written must hold; without anything, each authenticated request is allowed. */
export interface RequireOptions {
  /** The required permission, such as `taken.view_externetaak`. */
  readonly permission?: string;
  /** Permissions of which one suffices. */
  readonly anyOf?: readonly string[];
  /** Permissions that are all required. */
  readonly allOf?: readonly string[];
  /** The schemes of credentials that are accepted. Defaults to both. */
  readonly accept?: readonly Scheme[];
  /** The OIDC clients whose bearer tokens are accepted, out of the verifier's. API tokens are not concerned. Defaults to all of them. */
  readonly clients?: readonly string[];
}

/** {@link RequireOptions} that were checked. */
export interface Requirement {
  /** The only accepted scheme; undefined where both are. */
  readonly scheme: Scheme | undefined;
  readonly allOf: readonly string[];
  /** Undefined where no such list is required. */
  readonly anyOf: readonly string[] | undefined;
  /** Undefined for all of the verifier's. */
  readonly clients: readonly string[] | undefined;
}

/** Why an authenticated caller may not do something. */
export type Denial =
  /** `permission` was missing; it is the first of `anyOf`, where any of these would have sufficed. */
  | { readonly reason: "permission_missing"; readonly permission: string; readonly anyOf?: readonly string[] }
  /** The bearer token is another client's than `clients`. */
  | { readonly reason: "client_not_accepted"; readonly clients: readonly string[] };

const schemes: readonly string[] = ["token", "bearer"] satisfies readonly Scheme[];
const names = [
  "permission",
  "anyOf",
  "allOf",
  "accept",
  "clients",
] as const satisfies readonly (keyof RequireOptions)[];

/**
 * Checks what a route requires, also for JavaScript: what is misspelt would leave the route open.
 *
 * @param clients those of the verifier
 * @throws TypeError for an unknown option, a value of another type, an empty list, what is no permission, scheme or client of the
 * verifier, and for `clients` where no bearer token is accepted
 */
export function checkRequirement(options: RequireOptions, clients: readonly string[]): Requirement {
  for (const [name, value] of Object.entries(options)) {
    if (!(names as readonly string[]).includes(name)) {
      throw new TypeError(`requireAuth has no option \`${name}\`; expected ${names.join(", ")}`);
    }
    // Of a constant whose name is misspelt.
    if (value === undefined)
      throw new TypeError(`\`${name}\` of requireAuth is undefined: write a value, or leave it out`);
  }
  const { permission, anyOf, allOf = [], accept, clients: ofRoute } = options;
  if (permission !== undefined) assertPermission("permission", permission);
  for (const [name, list] of Object.entries({ anyOf, allOf: options.allOf })) {
    if (list === undefined) continue;
    assertList(name, list);
    for (const item of list) assertPermission(name, item);
  }
  const scheme = accept && checkAccept(accept, clients);
  if (ofRoute) checkClients(ofRoute, clients, scheme);
  return {
    scheme,
    allOf: [...new Set([...(permission === undefined ? [] : [permission]), ...allOf])],
    anyOf: anyOf && [...new Set(anyOf)],
    clients: ofRoute && [...new Set(ofRoute)],
  };
}

function assertList(name: string, value: readonly unknown[]): void {
  if (!Array.isArray(value) || value.length === 0) {
    throw new TypeError(`\`${name}\` of requireAuth must be a list with at least one item`);
  }
}

function assertPermission(name: string, value: unknown): void {
  if (typeof value === "string" && isPermission(value)) return;
  throw new TypeError(
    `\`${name}\` of requireAuth: ${JSON.stringify(value)} is not a permission; expected one such as taken.view_externetaak`,
  );
}

function checkAccept(accept: readonly Scheme[], clients: readonly string[]): Scheme | undefined {
  assertList("accept", accept);
  const unknown = accept.find((scheme) => !schemes.includes(scheme));
  if (unknown !== undefined) {
    throw new TypeError(
      `\`accept\` of requireAuth: unknown scheme ${JSON.stringify(unknown)}; expected token or bearer`,
    );
  }
  const [scheme] = accept;
  if (accept.some((other) => other !== scheme)) return undefined;
  if (scheme === "bearer" && clients.length === 0) {
    throw new TypeError(
      "requireAuth accepts bearer tokens only, but the verifier has no clients: nobody would be accepted",
    );
  }
  return scheme;
}

function checkClients(ofRoute: readonly string[], clients: readonly string[], scheme: Scheme | undefined): void {
  assertList("clients", ofRoute);
  if (scheme === "token") {
    throw new TypeError("`clients` of requireAuth concerns bearer tokens, which `accept` excludes: remove one of them");
  }
  const unknown = ofRoute.find((client) => !clients.includes(client));
  if (unknown === undefined) return;
  const known = clients.length === 0 ? "it has none" : `it has ${clients.join(", ")}`;
  throw new TypeError(
    `\`clients\` of requireAuth: the verifier was created without the client ${JSON.stringify(unknown)} (${known})`,
  );
}

/** Why a caller does not meet a requirement; undefined if it does. */
export function denialOf(principal: Principal, { allOf, anyOf, clients }: Requirement): Denial | undefined {
  if (clients !== undefined && principal.scheme === "bearer" && !clients.includes(principal.credential)) {
    return { reason: "client_not_accepted", clients };
  }
  for (const permission of allOf) {
    if (!principal.hasPermission(permission)) return { reason: "permission_missing", permission };
  }
  const [first] = anyOf ?? [];
  if (anyOf === undefined || first === undefined || anyOf.some(principal.hasPermission)) return undefined;
  return { reason: "permission_missing", permission: first, anyOf };
}
