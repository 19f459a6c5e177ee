import { type Access, userAccess } from "../access/effective.js";
import type { AccessFacts, Membership, UserFacts } from "../access/facts.js";
import { readAccessFacts } from "../access/read-facts.js";
import type { Connection } from "../database/database.js";

/** What claims say of somebody, as far as it decides about rights. */
interface ClaimedUser {
  readonly username: string;
  /** Undefined where the claims do not say so. */
  readonly isStaff: boolean | undefined;
  readonly isSuperuser: boolean;
  readonly groups: readonly { readonly name: string }[];
}

interface TrialRightsOptions {
  /** The account that it would be; undefined for a new one. */
  readonly userId: string | undefined;
  /** The claims do not list all groups, so what earlier ones gave stays. */
  readonly isPartial: boolean;
  readonly nowMs: number;
}

/** What somebody may do after signing in with these claims. Nothing is written. */
export async function readTrialRights(
  db: Connection,
  claimed: ClaimedUser,
  { userId, isPartial, nowMs }: TrialRightsOptions,
): Promise<Access> {
  const facts = await readAccessFacts(db);
  const known = userId === undefined ? undefined : facts.users.get(userId);
  const user = known ?? newUser(claimed.username);
  const staysSuperuser = user.isSuperuser && (isPartial || !user.isSuperuserByClaim);
  const after: UserFacts = {
    ...user,
    isStaff: claimed.isStaff ?? user.isStaff,
    isSuperuser: claimed.isSuperuser || staysSuperuser,
    memberships: [
      ...user.memberships.filter(({ origin }) => isPartial || origin !== "claim"),
      ...claimedMemberships(facts, claimed.groups),
    ],
  };
  return userAccess(facts, after, nowMs);
}

function claimedMemberships({ groups }: AccessFacts, claimed: ClaimedUser["groups"]): readonly Membership[] {
  const names = new Set(claimed.map(({ name }) => name));
  return [...groups.values()].flatMap(({ id: groupId, name }) =>
    names.has(name) ? [{ groupId, origin: "claim" as const, until: null }] : [],
  );
}

function newUser(username: string): UserFacts {
  return {
    id: "",
    username,
    isService: false,
    isActive: true,
    isDeactivated: false,
    isStaff: false,
    isSuperuser: false,
    isSuperuserByClaim: false,
    hasPassword: false,
    link: null,
    signIn: null,
    permissions: [],
    memberships: [],
  };
}
