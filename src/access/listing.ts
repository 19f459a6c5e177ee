import { type ClaimRule, claimRules, isOpen } from "./claims.js";
import {
  type Access,
  accessByUser,
  hasPermission,
  isCurrent,
  isUserActive,
  type Source,
  type TokenState,
  tokenAccess,
  tokenState,
  userAccess,
} from "./effective.js";
import type { AccessFacts, ClientFacts, GroupFacts, Membership, TokenFacts, UserFacts } from "./facts.js";

/** A permission, and everything through which one principal has it. */
export interface HeldPermission {
  readonly permission: string;
  readonly sources: readonly Source[];
}

/** What claims give to whom, and the client of the provider that makes the claims. */
export interface ClientRule extends ClaimRule {
  readonly client: ClientFacts;
}

/** What one user may, and what may more on its behalf. */
export interface UserRights {
  readonly user: UserFacts;
  readonly isActive: boolean;
  readonly access: Access;
  readonly permissions: readonly HeldPermission[];
  /** By the group's name; also those that have ended. */
  readonly memberships: readonly {
    readonly group: GroupFacts;
    readonly membership: Membership;
    readonly isCurrent: boolean;
  }[];
  readonly tokens: readonly { readonly token: TokenFacts; readonly state: TokenState }[];
  /** What claims give at the clients through which the user can sign in. */
  readonly rules: readonly ClientRule[];
}

/** What one token may. */
export interface TokenRights {
  readonly token: TokenFacts;
  readonly user: UserFacts | undefined;
  readonly state: TokenState;
  readonly access: Access;
  readonly permissions: readonly HeldPermission[];
  /** What the token names and its user does not have, so that it has no effect. */
  readonly withoutEffect: readonly string[];
  /** What its user has and the token is narrowed away from; of a superuser, what it would have anyway. */
  readonly narrowedAway: readonly string[];
}

/** Who has a permission, and through what: sorted by name. */
export interface PermissionHolders {
  readonly users: readonly { readonly user: UserFacts; readonly sources: readonly Source[] }[];
  readonly tokens: readonly {
    readonly token: TokenFacts;
    readonly user: UserFacts | undefined;
    readonly sources: readonly Source[];
  }[];
  /** What brings people in who have it then. */
  readonly rules: readonly ClientRule[];
}

export function rightsOfUser(facts: AccessFacts, user: UserFacts, nowMs: number): UserRights {
  const access = userAccess(facts, user, nowMs);
  const tokens = [...facts.tokens.values()].filter(({ userId }) => userId === user.id);
  return {
    user,
    isActive: isUserActive(user),
    access,
    permissions: heldPermissions(access),
    memberships: user.memberships
      .flatMap((membership) => {
        const group = facts.groups.get(membership.groupId);
        return group ? [{ group, membership, isCurrent: isCurrent(membership, nowMs) }] : [];
      })
      .sort((one, other) => compareTexts(one.group.name, other.group.name)),
    tokens: tokens.sort(byIdentifier).map((token) => ({ token, state: tokenState(token, user, nowMs) })),
    rules: rulesFor(facts, user),
  };
}

export function rightsOfToken(facts: AccessFacts, token: TokenFacts, nowMs: number): TokenRights {
  const user = facts.users.get(token.userId);
  const ofUser = userAccess(facts, user, nowMs);
  const access = tokenAccess(token, user, ofUser, nowMs);
  return {
    token,
    user,
    state: tokenState(token, user, nowMs),
    access,
    permissions: heldPermissions(access),
    withoutEffect: (token.narrowedTo ?? []).filter((permission) => !hasPermission(ofUser, permission)),
    narrowedAway: [...ofUser.permissions.keys()]
      .filter((permission) => token.narrowedTo?.includes(permission) === false)
      .sort(),
  };
}

export function holdersOf(facts: AccessFacts, permission: string, nowMs: number): PermissionHolders {
  const users: PermissionHolders["users"][number][] = [];
  const tokens: PermissionHolders["tokens"][number][] = [];
  const accessOf = accessByUser(facts, nowMs);
  for (const user of facts.users.values()) {
    // A service user acts through its token alone.
    const access = user.isService ? undefined : accessOf(user.id);
    if (access && hasPermission(access, permission)) users.push({ user, sources: sourcesIn(access, permission) });
  }
  for (const token of facts.tokens.values()) {
    const user = facts.users.get(token.userId);
    const access = tokenAccess(token, user, accessOf(token.userId), nowMs);
    if (hasPermission(access, permission)) tokens.push({ token, user, sources: sourcesIn(access, permission) });
  }
  return {
    users: users.sort(({ user: one }, { user: other }) => compareTexts(one.username, other.username)),
    tokens: tokens.sort(({ token: one }, { token: other }) => byIdentifier(one, other)),
    rules: allRules(facts).filter(({ access }) => hasPermission(access, permission)),
  };
}

/** Who may everything, by name, and how many have each permission. */
export interface HolderCounts {
  readonly superusers: readonly string[];
  readonly superuserTokens: readonly string[];
  /** Of each permission that anyone has or a group gives, without those who have it only because they may everything. */
  readonly counts: ReadonlyMap<string, { readonly users: number; readonly tokens: number }>;
}

export function countHolders(facts: AccessFacts, nowMs: number): HolderCounts {
  const counts = new Map<string, { users: number; tokens: number }>();
  const countOf = (permission: string) => {
    const known = counts.get(permission) ?? { users: 0, tokens: 0 };
    counts.set(permission, known);
    return known;
  };
  const [superusers, superuserTokens]: [string[], string[]] = [[], []];
  for (const group of facts.groups.values()) for (const { permission } of group.permissions) countOf(permission);
  const accessOf = accessByUser(facts, nowMs);
  for (const { id, username, isService } of facts.users.values()) {
    if (isService) continue;
    const { isSuperuser, permissions } = accessOf(id);
    if (isSuperuser) superusers.push(username);
    for (const permission of permissions.keys()) countOf(permission).users += 1;
  }
  for (const token of facts.tokens.values()) {
    const user = facts.users.get(token.userId);
    const { isSuperuser, permissions } = tokenAccess(token, user, accessOf(token.userId), nowMs);
    if (isSuperuser) superuserTokens.push(token.identifier);
    for (const permission of permissions.keys()) countOf(permission).tokens += 1;
  }
  return {
    superusers: superusers.sort(),
    superuserTokens: superuserTokens.sort(),
    counts: new Map([...counts].sort(([one], [other]) => compareTexts(one, other))),
  };
}

/** What the claims of every client give. */
export function allRules(facts: AccessFacts): readonly ClientRule[] {
  const clients = [...facts.clients.values()].sort((one, other) => compareTexts(one.identifier, other.identifier));
  return clients.flatMap((client) => claimRules(facts, client).map((rule) => ({ ...rule, client })));
}

/** Sorted. */
export function heldPermissions({ permissions }: Access): readonly HeldPermission[] {
  return [...permissions]
    .map(([permission, sources]) => ({ permission, sources }))
    .sort((one, other) => compareTexts(one.permission, other.permission));
}

function sourcesIn({ isSuperuser, permissions }: Access, permission: string): readonly Source[] {
  const sources = permissions.get(permission) ?? [];
  return isSuperuser ? [{ kind: "superuser" }, ...sources] : sources;
}

/** The rules of the clients at whose provider the user signs in, or may. */
function rulesFor(facts: AccessFacts, user: UserFacts): readonly ClientRule[] {
  if (user.isService) return [];
  // By its name, a sign-in becomes an ordinary user alone.
  const isPrivileged = user.isSuperuser || user.isStaff;
  const mayUse = (client: ClientFacts): boolean => {
    const provider = facts.providers.get(client.providerId);
    if (!provider || !isOpen(facts, client)) return false;
    const { link, signIn } = user;
    const issuers = [provider.issuer, ...provider.formerIssuers];
    // An issuer that only discovery knows may be that of the link.
    if (link !== null) return link.issuer === null || provider.issuer === null || issuers.includes(link.issuer);
    if (signIn === null) return !isPrivileged;
    const meant = facts.providers.get(signIn.providerId);
    return meant === provider || (provider.issuer !== null && meant?.issuer === provider.issuer);
  };
  return allRules(facts).filter(({ client }) => mayUse(client));
}

export function byIdentifier({ identifier: one }: TokenFacts, { identifier: other }: TokenFacts): number {
  return compareTexts(one, other);
}

export function compareTexts(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
