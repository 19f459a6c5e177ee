import type { Origin } from "../database/tables.js";
import type { AccessFacts, GroupFacts, Membership, TokenFacts, UserFacts } from "./facts.js";

/** Through what a principal has a permission. */
export type Source =
  | { readonly kind: "own"; readonly origin: Origin }
  | {
      readonly kind: "group";
      readonly group: GroupFacts;
      readonly membership: Origin;
      /** When the membership ends: ISO 8601, UTC; null for never. */
      readonly until: string | null;
    }
  /** The token names it, and its user has all. */
  | { readonly kind: "superuser" };

/** What a principal may do. */
export interface Access {
  /** Has all permissions. */
  readonly isSuperuser: boolean;
  readonly isStaff: boolean;
  /** Each with everything that gives it; of a superuser, those that it would have anyway. */
  readonly permissions: ReadonlyMap<string, readonly Source[]>;
}

export const noAccess: Access = { isSuperuser: false, isStaff: false, permissions: new Map() };

export function hasPermission({ isSuperuser, permissions }: Access, permission: string): boolean {
  return isSuperuser || permissions.has(permission);
}

export function isUserActive(user: UserFacts | undefined): boolean {
  return user?.isActive === true && !user.isDeactivated;
}

/** What a user may do who has signed in; nothing while inactive. */
export function userAccess(
  { groups }: Pick<AccessFacts, "groups">,
  user: UserFacts | undefined,
  nowMs: number,
): Access {
  if (!user || !isUserActive(user)) return noAccess;
  const permissions = new Map<string, Source[]>();
  for (const { permission, origin } of user.permissions) addSource(permissions, permission, { kind: "own", origin });
  for (const membership of user.memberships) {
    const group = groups.get(membership.groupId);
    if (group && isCurrent(membership, nowMs)) addGroup(permissions, group, membership);
  }
  return { isSuperuser: user.isSuperuser, isStaff: user.isStaff, permissions };
}

/** As {@link userAccess}, by the user's id, and each user's found once, however many tokens it has: a service user has one. */
export function accessByUser(facts: Pick<AccessFacts, "groups" | "users">, nowMs: number): (userId: string) => Access {
  const known = new Map<string, Access>();
  return (userId) => {
    const user = facts.users.get(userId);
    const access = known.get(userId) ?? userAccess(facts, user, nowMs);
    if (!user?.isService) known.set(userId, access);
    return access;
  };
}

/** Whether a membership has not ended. */
export function isCurrent({ until }: Membership, nowMs: number): boolean {
  return until === null || nowMs < Date.parse(until);
}

/** Adds what a group gives to its members. */
export function addGroup(
  permissions: Map<string, Source[]>,
  group: GroupFacts,
  { origin, until }: Pick<Membership, "origin" | "until">,
): void {
  const source: Source = { kind: "group", group, membership: origin, until };
  for (const { permission } of group.permissions) addSource(permissions, permission, source);
}

function addSource(permissions: Map<string, Source[]>, permission: string, source: Source): void {
  const known = permissions.get(permission);
  if (!known) permissions.set(permission, [source]);
  else if (!known.includes(source)) known.push(source);
}

/** Whether a token's current value is accepted, and if not, why. */
export type TokenState =
  | "active"
  | "revoked"
  | "disabled"
  | "expired"
  | "not_yet_valid"
  | "ended_by_policy"
  | "inactive_user";

/** As the verifier decides it, which rejects a token with a time that can't be parsed. */
export function tokenState(token: TokenFacts, user: UserFacts | undefined, nowMs: number): TokenState {
  if (token.isRevoked) return "revoked";
  if (token.isDisabled || !token.isEnabled) return "disabled";
  if (token.expiresAt !== null && !(nowMs < Date.parse(token.expiresAt))) return "expired";
  if (token.validFrom !== null && !(nowMs >= Date.parse(token.validFrom))) return "not_yet_valid";
  if (!(nowMs < token.policyEndMs)) return "ended_by_policy";
  return isUserActive(user) ? "active" : "inactive_user";
}

/**
 * What a token may do: what its user may, limited to what it names.
 *
 * @param access that of its user
 */
export function tokenAccess(token: TokenFacts, user: UserFacts | undefined, access: Access, nowMs: number): Access {
  if (tokenState(token, user, nowMs) !== "active") return noAccess;
  if (token.narrowedTo === null) return access;
  const permissions = new Map<string, readonly Source[]>();
  for (const permission of token.narrowedTo) {
    const sources = access.permissions.get(permission);
    if (sources) permissions.set(permission, sources);
    else if (access.isSuperuser) permissions.set(permission, [{ kind: "superuser" }]);
  }
  return { isSuperuser: false, isStaff: access.isStaff, permissions };
}
