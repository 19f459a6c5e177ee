import type { ResourceName } from "../plan/resource.js";
import { apiToken, group as groupKind, oidcClient, user as userKind } from "../resources/kinds.js";
import type { Range } from "../yaml/node.js";
import { type Claimant, claimRules, isOpen } from "./claims.js";
import {
  type Access,
  accessByUser,
  hasPermission,
  isCurrent,
  noAccess,
  type Source,
  tokenAccess,
  tokenState,
} from "./effective.js";
import type { AccessFacts, ClientFacts, GroupFacts, TokenFacts, UserFacts } from "./facts.js";

/** Who gains or loses: a user, a token, or everyone who authenticates through a client with certain claims. */
export interface AccessPrincipal extends ResourceName {
  readonly claimant?: Claimant;
}

/** The entry that the difference comes from, and where in it. */
export interface Cause extends ResourceName {
  /** Its row's. */
  readonly id: string;
  readonly attribute?: string;
  /** Of an attribute that is a list. */
  readonly item?: string;
  /** Where it stands in a file; undefined for an entry that no file declares. */
  readonly range?: Range;
}

/** What one principal gains, or loses, through one entry. */
export interface AccessDifference {
  readonly principal: AccessPrincipal;
  readonly isSuperuser: boolean;
  readonly isStaff: boolean;
  /** Not listed where all of them are gained or lost. */
  readonly permissions: readonly string[];
  /** From the principal to what has the right: a token's user, a user's group. */
  readonly through: readonly ResourceName[];
  readonly cause: Cause;
}

export interface AccessChange {
  /** Nobody had any rights before. */
  readonly isFirst: boolean;
  readonly gains: readonly AccessDifference[];
  readonly losses: readonly AccessDifference[];
}

export const noAccessChange: AccessChange = { isFirst: false, gains: [], losses: [] };

/**
 * Who may do more, and who less, after a change. Rows that are the same objects before and after are not looked at again.
 *
 * @param nowMs both are compared at this moment
 * @param isFirst whether there was nobody before, where `before` has not everybody
 */
export function compareAccess(
  before: AccessFacts,
  after: AccessFacts,
  nowMs: number,
  isFirst = before.users.size + before.tokens.size + before.clients.size === 0,
): AccessChange {
  return { isFirst, gains: findGains(before, after, nowMs), losses: findGains(after, before, nowMs) };
}

/** A token that will start to work needs no further change for it, so that it counts as if it had. */
function onceValid(token: TokenFacts): TokenFacts {
  return token.validFrom === null ? token : { ...token, validFrom: null };
}

/** What is in `after` and not in `before`. */
function findGains(before: AccessFacts, after: AccessFacts, nowMs: number): readonly AccessDifference[] {
  const moved = new Set(
    [...after.groups.values()].filter((one) => before.groups.get(one.id) !== one).map(({ id }) => id),
  );
  for (const id of before.groups.keys()) if (!after.groups.has(id)) moved.add(id);
  const [accessBefore, accessAfter] = [accessByUser(before, nowMs), accessByUser(after, nowMs)];
  const context: Context = { before, after, nowMs, accessBefore, accessAfter };
  const isSameUser = (user: UserFacts | undefined): boolean =>
    user !== undefined &&
    before.users.get(user.id) === user &&
    (moved.size === 0 || !user.memberships.some(({ groupId }) => moved.has(groupId)));
  const gains: AccessDifference[] = [];
  for (const user of after.users.values()) {
    if (!user.isService && !isSameUser(user)) for (const gain of userGains(context, user)) gains.push(gain);
  }
  for (const token of after.tokens.values()) {
    const isSame = before.tokens.get(token.id) === token && isSameUser(after.users.get(token.userId));
    if (!isSame) for (const gain of tokenGains(context, token)) gains.push(gain);
  }
  for (const client of after.clients.values()) {
    const isSame = before.clients.get(client.id) === client && moved.size === 0 && before.providers === after.providers;
    if (!isSame) for (const gain of claimGains(context, client)) gains.push(gain);
  }
  return sortByPrincipal(gains);
}

const kinds: readonly string[] = [userKind.name, apiToken.name, oidcClient.name];

/** Databases have their own orders, or none. */
function sortByPrincipal(differences: readonly AccessDifference[]): readonly AccessDifference[] {
  const named = differences.map((difference) => {
    const { principal } = difference;
    return { difference, kind: kinds.indexOf(principal.kind), name: nameOf(principal) };
  });
  named.sort((one, other) => one.kind - other.kind || (one.name < other.name ? -1 : Number(one.name > other.name)));
  return named.map(({ difference }) => difference);
}

function nameOf({ key, claimant }: AccessPrincipal): string {
  return claimant ? `${key} ${JSON.stringify(claimant)}` : key;
}

interface Context {
  readonly before: AccessFacts;
  readonly after: AccessFacts;
  readonly nowMs: number;
  readonly accessBefore: (id: string) => Access;
  readonly accessAfter: (id: string) => Access;
}

/** What is gained: all permissions, the staff flag, or a permission with what gives it. */
type Right =
  | { readonly kind: "superuser" }
  | { readonly kind: "staff" }
  | { readonly kind: "permission"; readonly permission: string; readonly source: Source };

function gainedRights(before: Access, after: Access): readonly Right[] {
  const rights: Right[] = [];
  const becomesSuperuser = after.isSuperuser && !before.isSuperuser;
  if (becomesSuperuser) rights.push({ kind: "superuser" });
  if (after.isStaff && !before.isStaff) rights.push({ kind: "staff" });
  if (becomesSuperuser) return rights;
  for (const [permission, [source]] of after.permissions) {
    if (source && !hasPermission(before, permission)) rights.push({ kind: "permission", permission, source });
  }
  return rights;
}

interface Explained {
  readonly cause: Cause;
  readonly through: readonly ResourceName[];
}

/** Collects what has the same cause and comes the same way. */
function differences(
  principal: AccessPrincipal,
  rights: readonly Right[],
  explain: (right: Right) => Explained,
): readonly AccessDifference[] {
  const found = new Map<string, Explained & { isSuperuser: boolean; isStaff: boolean; permissions: string[] }>();
  for (const right of rights) {
    const { cause, through } = explain(right);
    const name = `${cause.kind} ${cause.id} ${through.map(({ key }) => key).join("\n")}`;
    const known = found.get(name) ?? { cause, through, isSuperuser: false, isStaff: false, permissions: [] };
    if (right.kind === "superuser") known.isSuperuser = true;
    else if (right.kind === "staff") known.isStaff = true;
    else known.permissions.push(right.permission);
    found.set(name, known);
  }
  return [...found.values()].map(({ isSuperuser, isStaff, permissions, through, cause }) => {
    return { principal, isSuperuser, isStaff, permissions: permissions.sort(), through, cause };
  });
}

function userGains(context: Context, user: UserFacts): readonly AccessDifference[] {
  const { accessBefore, accessAfter } = context;
  const rights = gainedRights(accessBefore(user.id), accessAfter(user.id));
  const principal = { kind: userKind.name, key: user.username };
  return differences(principal, rights, (right) => ({
    cause: causeAtUser(context, user, { ...principal, id: user.id }, right),
    through: groupOf(right),
  }));
}

function groupOf(right: Right): readonly ResourceName[] {
  if (right.kind !== "permission" || right.source.kind !== "group") return [];
  return [{ kind: groupKind.name, key: right.source.group.name }];
}

/** @param entry the user's, or that of the token which it exists for */
function causeAtUser(
  { before, nowMs }: Pick<Context, "before" | "nowMs">,
  user: UserFacts,
  entry: Cause,
  right: Right,
): Cause {
  const old = before.users.get(user.id);
  if (!old) return entry;
  if (right.kind === "superuser" && !old.isSuperuser) return { ...entry, attribute: "is_superuser" };
  if (right.kind === "staff" && !old.isStaff) return { ...entry, attribute: "is_staff" };
  if (right.kind === "permission") {
    const { permission, source } = right;
    if (source.kind === "own" && !old.permissions.some((own) => own.permission === permission)) {
      return { ...entry, attribute: "permissions", item: permission };
    }
    if (source.kind === "group") {
      const { group } = source;
      const isMember = old.memberships.some(
        (membership) => membership.groupId === group.id && isCurrent(membership, nowMs),
      );
      if (!isMember) return { ...entry, attribute: "groups", item: group.name };
      return causeAtGroup(before, group, permission) ?? { ...entry, attribute: "is_active" };
    }
  }
  return { ...entry, attribute: "is_active" };
}

function causeAtGroup(before: AccessFacts, { id, name }: GroupFacts, permission: string): Cause | undefined {
  if (before.groups.get(id)?.permissions.some((own) => own.permission === permission)) return undefined;
  return { kind: groupKind.name, key: name, id, attribute: "permissions", item: permission };
}

function tokenGains(context: Context, token: TokenFacts): readonly AccessDifference[] {
  const { before, after, nowMs, accessBefore, accessAfter } = context;
  const old = before.tokens.get(token.id);
  const user = after.users.get(token.userId);
  if (!user) return [];
  const oldUser = old && before.users.get(old.userId);
  const oldAccess = old ? tokenAccess(onceValid(old), oldUser, accessBefore(old.userId), nowMs) : noAccess;
  const rights = gainedRights(oldAccess, tokenAccess(onceValid(token), user, accessAfter(token.userId), nowMs));
  const principal = { kind: apiToken.name, key: token.identifier };
  const holder = user.isService ? [] : [{ kind: userKind.name, key: user.username }];
  return differences(principal, rights, (right) => ({
    cause: causeAtToken(context, token, user, right),
    through: [...holder, ...groupOf(right)],
  }));
}

function causeAtToken(context: Context, token: TokenFacts, user: UserFacts, right: Right): Cause {
  const { before, nowMs } = context;
  const entry: Cause = { kind: apiToken.name, key: token.identifier, id: token.id };
  const old = before.tokens.get(token.id);
  if (!old) return entry;
  if (old.userId !== token.userId) return { ...entry, attribute: "user" };
  const state = tokenState(onceValid(old), before.users.get(old.userId), nowMs);
  if (state !== "active" && state !== "inactive_user") return entry;
  const wasNarrowed =
    old.narrowedTo !== null && !(right.kind === "permission" && old.narrowedTo.includes(right.permission));
  if (wasNarrowed && right.kind !== "staff") {
    return { ...entry, attribute: "permissions", ...(right.kind === "permission" && { item: right.permission }) };
  }
  const holder = user.isService ? entry : { kind: userKind.name, key: user.username, id: user.id };
  return causeAtUser(context, user, holder, right);
}

function claimGains({ before, after }: Context, client: ClientFacts): readonly AccessDifference[] {
  const old = before.clients.get(client.id);
  const known = new Map(
    (old ? claimRules(before, old) : []).map((rule) => [JSON.stringify(rule.claimant), rule.access]),
  );
  // What everyone has, nobody gains by a claim.
  const everyone = known.get(JSON.stringify({ kind: "everyone" })) ?? noAccess;
  return claimRules(after, client).flatMap(({ claimant, access }) => {
    const rights = gainedRights(known.get(JSON.stringify(claimant)) ?? noAccess, access).filter(
      (right) => right.kind !== "permission" || !hasPermission(everyone, right.permission),
    );
    const principal = { kind: oidcClient.name, key: client.identifier, claimant };
    return differences(principal, rights, (right) => ({
      cause: causeAtClient(before, client, right),
      through: groupOf(right),
    }));
  });
}

function causeAtClient(before: AccessFacts, client: ClientFacts, right: Right): Cause {
  const entry: Cause = { kind: oidcClient.name, key: client.identifier, id: client.id };
  const old = before.clients.get(client.id);
  if (!old) return entry;
  if (!old.isEnabled) return { ...entry, attribute: "enabled" };
  if (!isOpen(before, old)) return entry;
  const isOfGroup = right.kind === "permission" && right.source.kind === "group";
  const cause = isOfGroup ? causeAtGroup(before, right.source.group, right.permission) : undefined;
  return cause ?? { ...entry, attribute: "options" };
}
