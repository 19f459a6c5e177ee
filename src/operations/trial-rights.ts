import { newUser } from "../access/claimed-access.js";
import { type Access, userAccess } from "../access/effective.js";
import type { Membership, UserFacts } from "../access/facts.js";
import { readAccessFacts } from "../access/read-facts.js";
import type { Connection } from "../database/database.js";

/** What claims say of a person, as far as it decides about rights. */
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

export interface TrialRights {
  readonly access: Access;
  /** The names of those claimed groups that exist. */
  readonly knownGroups: ReadonlySet<string>;
}

/** What a person may do after signing in with these claims. Nothing is written. */
export async function readTrialRights(
  db: Connection,
  claimed: ClaimedUser,
  { userId, isPartial, nowMs }: TrialRightsOptions,
): Promise<TrialRights> {
  const blank = newUser(claimed.username);
  const facts = await readAccessFacts(db, userId ?? blank.id);
  const user = facts.users.get(userId ?? blank.id) ?? blank;
  const names = new Set(claimed.groups.map(({ name }) => name));
  const groups = [...facts.groups.values()].filter(({ name }) => names.has(name));
  const staysSuperuser = user.isSuperuser && (isPartial || !user.isSuperuserByClaim);
  const after: UserFacts = {
    ...user,
    isStaff: claimed.isStaff ?? user.isStaff,
    isSuperuser: claimed.isSuperuser || staysSuperuser,
    memberships: [
      ...user.memberships.filter(({ origin }) => isPartial || origin !== "claim"),
      ...groups.map(({ id: groupId }): Membership => ({ groupId, origin: "claim", until: null })),
    ],
  };
  return { access: userAccess(facts, after, nowMs), knownGroups: new Set(groups.map(({ name }) => name)) };
}
