import { type TokenFilter, type TokenState, tokenStates } from "../../operations/list-tokens.js";
import { type TokenPageRequest, type TokenSort, tokenSorts } from "../../operations/token-page.js";
import type { View } from "../view.js";

const dayMs = 86_400_000;

export const pageSize = 50;

/** The numbers of days that a list can be filtered by. */
export const dayChoices = { expiring: [7, 30, 90], unused: [30, 90, 180] } as const;

/** What the address of a list says; what it can't mean is left out. */
export interface ListQuery {
  readonly q?: string | undefined;
  readonly user?: string | undefined;
  readonly state?: TokenState | undefined;
  /** `none`, or `of:` and the name of an owner. */
  readonly owner?: string | undefined;
  /** In days, as the next one. */
  readonly expiring?: number | undefined;
  readonly unused?: number | undefined;
  /** A column's name, with a `-` before it for descending. */
  readonly sort?: string | undefined;
  readonly page: number;
}

export function readListQuery(given: Readonly<Record<string, string>>): ListQuery {
  // No database has NUL in a text, and a server refuses it.
  const text = (name: string): string | undefined =>
    given[name]?.replaceAll("\0", "").trim().slice(0, 200) || undefined;
  const oneOf = <T extends string | number>(name: string, choices: readonly T[]): T | undefined =>
    choices.find((choice) => String(choice) === given[name]);
  const owner = text("owner");
  const page = /^[1-9]\d{0,6}$/.test(given.page ?? "") ? Number(given.page) : 1;
  return {
    q: text("q"),
    user: text("user"),
    state: oneOf("state", tokenStates),
    owner: owner === "none" || owner?.startsWith("of:") ? owner : undefined,
    expiring: oneOf("expiring", dayChoices.expiring),
    unused: oneOf("unused", dayChoices.unused),
    sort: oneOf("sort", [...tokenSorts, ...tokenSorts.map((sort) => `-${sort}`)]),
    page,
  };
}

/** The address of the list, sorted and filtered so. */
export function listUrl(view: View, { page, ...query }: Partial<ListQuery>): string {
  const { expiring, unused, ...texts } = query;
  const number = (value: number | undefined) => (value === undefined ? undefined : String(value));
  return view.url("/tokens", {
    ...texts,
    expiring: number(expiring),
    unused: number(unused),
    page: page === 1 ? undefined : number(page),
  });
}

/** Which tokens an address asks for. */
export function filterOf({ q, user, state, owner, expiring, unused }: ListQuery): TokenFilter {
  return {
    search: q,
    user,
    state,
    owner: owner === "none" ? null : owner?.slice("of:".length),
    expiringWithinMs: expiring === undefined ? undefined : expiring * dayMs,
    unusedForMs: unused === undefined ? undefined : unused * dayMs,
  };
}

/** Which page of the list, in which order. */
export function pageOf({ sort = "name", page }: ListQuery): TokenPageRequest {
  const isDescending = sort.startsWith("-");
  return {
    // The address was read by these names.
    sort: (isDescending ? sort.slice(1) : sort) as TokenSort,
    isDescending,
    offset: (page - 1) * pageSize,
    limit: pageSize,
  };
}

/** What the counters above a list count as soon and as long. */
export const countedSpans = { expiringWithinMs: 30 * dayMs, unusedForMs: 90 * dayMs };

/** Paths that no token's own page can have. */
const reserved = new Set(["new", "find", "revoke"]);

/** The path of a token's page. */
export function tokenPath(identifier: string): string {
  return `/tokens/${reserved.has(identifier) ? "~" : ""}${encodeURIComponent(identifier)}`;
}

/** The identifier that {@link tokenPath} put into a path. */
export function identifierIn(segment: string): string {
  return segment.replace(/^~/, "").replaceAll("\0", "");
}
