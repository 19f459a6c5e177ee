import { apiToken, group as groupKind, oidcClient, user as userKind } from "../resources/kinds.js";
import { isOpen } from "./claims.js";
import type { Cause } from "./compare.js";
import {
  type Access,
  accessByUser,
  isUserActive,
  type Source,
  type TokenState,
  tokenAccess,
  tokenState,
} from "./effective.js";
import type { AccessFacts, ClientFacts, TokenFacts, UserFacts } from "./facts.js";
import type { Named } from "./find-named.js";
import { allRules, byIdentifier, type ClientRule, compareTexts, heldPermissions } from "./listing.js";

export type AccessPrincipal =
  | { readonly kind: "user"; readonly user: UserFacts }
  | { readonly kind: "token"; readonly token: TokenFacts; readonly user: UserFacts | undefined }
  | { readonly kind: "claims"; readonly rule: ClientRule };

/** One right of a user or token, or one that claims give, with one of the things that give it. */
export interface AccessRow {
  readonly principal: AccessPrincipal;
  readonly right:
    | { readonly kind: "superuser" | "staff" }
    | { readonly kind: "permission"; readonly permission: string };
  /** Undefined for the flags, which users have themselves. */
  readonly source: Source | undefined;
  /** When this ends by what is known now, ISO 8601, UTC; null for never. A policy that ends unused tokens is not counted. */
  readonly until: string | null;
  /** Of a user: the tokens that work and are narrowed to other rights. */
  readonly narrowedAwayBy: readonly TokenFacts[];
}

/**
 * Everything that anyone may: users, then tokens, then what claims give, each on its own page, of which only one is held.
 *
 * @param asked only of this user, token or client, or who has this permission, or everything; without it, of all
 */
export function* accessRows(facts: AccessFacts, nowMs: number, asked?: Named): Generator<readonly AccessRow[]> {
  const isWanted = rowFilter(asked);
  const accessOf = accessByUser(facts, nowMs);
  const narrowedOf = narrowedTokens(facts, nowMs);
  for (const user of usersIn(facts, asked)) {
    const rows = rowsOf({ kind: "user", user }, accessOf(user.id), narrowedOf.get(user.id));
    yield rows.filter(isWanted);
  }
  for (const token of tokensIn(facts, asked)) {
    const user = facts.users.get(token.userId);
    yield rowsOf({ kind: "token", token, user }, tokenAccess(token, user, accessOf(token.userId), nowMs)).filter(
      isWanted,
    );
  }
  for (const rule of rulesIn(facts, asked)) yield rowsOf({ kind: "claims", rule }, rule.access).filter(isWanted);
}

/** The entry of a file that gives a row its right, and where in it; undefined where a person or claims gave it. */
export function causeOf({ principal, right, source }: AccessRow): Omit<Cause, "id"> | undefined {
  if (principal.kind === "claims" && source === undefined) {
    return { kind: oidcClient.name, key: principal.rule.client.identifier, attribute: "options" };
  }
  if (right.kind !== "permission") {
    return isFlagByClaim({ principal, right }) ? undefined : { ...holderOf(principal), attribute: `is_${right.kind}` };
  }
  const inList = { attribute: "permissions", item: right.permission };
  switch (source?.kind) {
    case "group": {
      const given = source.group.permissions.find(({ permission }) => permission === right.permission);
      return given?.origin === "config" ? { kind: groupKind.name, key: source.group.name, ...inList } : undefined;
    }
    case "own":
      return source.origin === "config" ? { ...holderOf(principal), ...inList } : undefined;
    default:
      return principal.kind === "token"
        ? { kind: apiToken.name, key: principal.token.identifier, ...inList }
        : undefined;
  }
}

/** Whether a sign-in's claims made the user a superuser. */
export function isFlagByClaim({ principal, right }: Pick<AccessRow, "principal" | "right">): boolean {
  return right.kind === "superuser" && principal.kind !== "claims" && principal.user?.isSuperuserByClaim === true;
}

/** What declares a principal's own rights: those of a service user, its token's entry does. */
function holderOf(principal: AccessPrincipal): Pick<Cause, "kind" | "key"> {
  if (principal.kind === "claims") return { kind: oidcClient.name, key: principal.rule.client.identifier };
  const { user } = principal;
  if (principal.kind === "token" && (!user || user.isService)) {
    return { kind: apiToken.name, key: principal.token.identifier };
  }
  return { kind: userKind.name, key: user?.username ?? "" };
}

/** Who may nothing now, and why. */
export interface WithoutAccess {
  readonly principal:
    | Exclude<AccessPrincipal, { readonly kind: "claims" }>
    | { readonly kind: "client"; readonly client: ClientFacts };
  readonly because: "inactive" | "no_rights" | "accepts_nobody" | Exclude<TokenState, "active">;
}

/** The users and tokens that may nothing, and the clients whose claims give nothing; none where a permission is asked for. */
export function withoutAccess(facts: AccessFacts, nowMs: number, asked?: Named): readonly WithoutAccess[] {
  if (asked?.kind === "permission") return [];
  const accessOf = accessByUser(facts, nowMs);
  const users = usersIn(facts, asked).flatMap((user): readonly WithoutAccess[] => {
    if (mayAnything(accessOf(user.id))) return [];
    return [{ principal: { kind: "user", user }, because: isUserActive(user) ? "no_rights" : "inactive" }];
  });
  const tokens = tokensIn(facts, asked).flatMap((token): readonly WithoutAccess[] => {
    const user = facts.users.get(token.userId);
    const state = tokenState(token, user, nowMs);
    if (mayAnything(tokenAccess(token, user, accessOf(token.userId), nowMs))) return [];
    return [{ principal: { kind: "token", token, user }, because: state === "active" ? "no_rights" : state }];
  });
  const giving = new Set(rulesIn(facts, asked).map(({ client }) => client.id));
  const clients = clientsIn(facts, asked).flatMap((client): readonly WithoutAccess[] => {
    if (giving.has(client.id)) return [];
    return [{ principal: { kind: "client", client }, because: isOpen(facts, client) ? "no_rights" : "accepts_nobody" }];
  });
  return [...users, ...tokens, ...clients];
}

function mayAnything({ isSuperuser, isStaff, permissions }: Access): boolean {
  return isSuperuser || isStaff || permissions.size > 0;
}

/** Who may everything also has each permission. */
function rowFilter(asked: Named | undefined): (row: AccessRow) => boolean {
  if (asked?.kind !== "permission") return () => true;
  return ({ right }) =>
    right.kind === "superuser" || (right.kind === "permission" && right.permission === asked.permission);
}

function usersIn({ users }: AccessFacts, asked: Named | undefined): readonly UserFacts[] {
  if (asked?.kind === "user") return [asked.user];
  if (asked?.kind === "token" || asked?.kind === "client") return [];
  // A service user acts through its token alone.
  const people = [...users.values()].filter(({ isService }) => !isService);
  return people.sort((one, other) => compareTexts(one.username, other.username));
}

function tokensIn({ tokens }: AccessFacts, asked: Named | undefined): readonly TokenFacts[] {
  if (asked?.kind === "token") return [asked.token];
  return asked?.kind === "user" || asked?.kind === "client" ? [] : [...tokens.values()].sort(byIdentifier);
}

function clientsIn({ clients }: AccessFacts, asked: Named | undefined): readonly ClientFacts[] {
  if (asked?.kind === "client") return [asked.client];
  if (asked?.kind === "user" || asked?.kind === "token") return [];
  return [...clients.values()].sort((one, other) => compareTexts(one.identifier, other.identifier));
}

function rulesIn(facts: AccessFacts, asked: Named | undefined): readonly ClientRule[] {
  if (asked?.kind === "user" || asked?.kind === "token") return [];
  const rules = allRules(facts);
  return asked?.kind === "client" ? rules.filter(({ client }) => client.id === asked.client.id) : rules;
}

/** The tokens that work and may not all that their user may, by the user's id. */
function narrowedTokens(facts: AccessFacts, nowMs: number): ReadonlyMap<string, readonly TokenFacts[]> {
  const found = new Map<string, TokenFacts[]>();
  for (const token of [...facts.tokens.values()].sort(byIdentifier)) {
    const state = tokenState(token, facts.users.get(token.userId), nowMs);
    if (token.narrowedTo === null || state !== "active") continue;
    const known = found.get(token.userId);
    if (known) known.push(token);
    else found.set(token.userId, [token]);
  }
  return found;
}

function rowsOf(
  principal: AccessPrincipal,
  access: Access,
  narrowed: readonly TokenFacts[] = [],
): readonly AccessRow[] {
  const has = { superuser: access.isSuperuser, staff: access.isStaff };
  const ends = principal.kind === "token" ? principal.token.expiresAt : null;
  const flags = (["superuser", "staff"] as const).filter((kind) => has[kind]);
  return [
    ...flags.map((kind) => ({
      principal,
      right: { kind },
      source: undefined,
      until: ends,
      // A token that is narrowed stays one of a member of staff.
      narrowedAwayBy: kind === "superuser" ? narrowed : [],
    })),
    ...heldPermissions(access).flatMap(({ permission, sources }) => {
      const narrowedAwayBy = narrowed.filter(({ narrowedTo }) => !narrowedTo?.includes(permission));
      return sources.map((source) => ({
        principal,
        right: { kind: "permission" as const, permission },
        source,
        until: earliest(ends, source.kind === "group" ? source.until : null),
        narrowedAwayBy,
      }));
    }),
  ];
}

function earliest(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other;
  return Date.parse(one) <= Date.parse(other) ? one : other;
}
