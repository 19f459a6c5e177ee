import type { Transaction } from "kysely";
import { administratorSignIns, lostAdministrators, signInCheck } from "../access/administrators.js";
import { type AccessChange, type AccessDifference, compareAccess } from "../access/compare.js";
import { describeSignIn } from "../access/describe.js";
import { type Access, hasPermission, isUserActive, userAccess } from "../access/effective.js";
import type { AccessFacts, UserFacts } from "../access/facts.js";
import { readAccessFacts, readAccessFactsAgain } from "../access/read-facts.js";
import type { LockedResult } from "../database/lock.js";
import type { Tables } from "../database/tables.js";
import { apiToken, oidcClient, user as userKind } from "../resources/kinds.js";
import type { Forbidden, Person, Rights } from "./person.js";
import type { Actor, RecordOptions } from "./record.js";
import { type DemandedRight, isFresh, mayDo, mayUseAdmin } from "./rights.js";

/** What a change needs of the person who makes it. */
export interface Demand {
  readonly right: DemandedRight;
  /** It needs a recent sign-in, whatever it grants. */
  readonly fresh?: boolean;
  /** The ids of the users whose accounts, tokens or sessions it touches. */
  readonly users?: readonly string[];
  /** What it gives or takes away where nobody has it yet, such as that of a group without members. */
  readonly permissions?: readonly string[];
  /** It belongs to making the first administrator: it ends with one, or prepares how that one signs in. */
  readonly bootstrap?: "administrator" | "sign_in";
}

/**
 * Lets a person change something, inside a transaction that holds the lock. Everything that must not come of it is refused here: before,
 * by the person's rights and the accounts that are touched; and afterwards, by comparing who may do what.
 *
 * @param demand what it needs, as far as the database says what it touches
 * @param work gets the actor for the journal
 */
export async function changeAs<T>(
  tx: Transaction<Tables>,
  person: Person,
  demand: Demand | ((facts: AccessFacts) => Demand),
  options: RecordOptions,
  work: (actor: Actor, facts: AccessFacts) => Promise<LockedResult<T>>,
): Promise<LockedResult<T | Forbidden>> {
  const before = await readAccessFacts(tx);
  const nowMs = options.now();
  const demanded = typeof demand === "function" ? demand(before) : demand;
  const admitted = admit(person, demanded, before, nowMs);
  if ("reason" in admitted) return { commit: false, value: admitted };
  const done = await work(admitted.actor, before);
  if (!done.commit) return done;
  const after = await readAccessFactsAgain(tx, before);
  const refused = refuseResult(admitted, demanded, { before, after, nowMs });
  return refused ? { commit: false, value: refused } : done;
}

/** A person who may make a change, as far as that can be said before. */
type Admitted =
  | {
      readonly actor: Actor;
      readonly user: UserFacts;
      readonly access: Access;
      readonly authenticatedAtMs: number | undefined;
    }
  | { readonly actor: Actor; readonly user: undefined };

function forbidden<const F>(found: F): { readonly kind: "forbidden" } & F {
  return { kind: "forbidden", ...found };
}

function admit(person: Person, demand: Demand, facts: AccessFacts, nowMs: number): Admitted | Forbidden {
  if (person.kind === "bootstrap") {
    if (administratorSignIns(facts).length > 0) return forbidden({ reason: "bootstrap_over" });
    const isFirst = demand.bootstrap !== undefined && (demand.users ?? []).length === 0;
    return isFirst ? { actor: { actor: "bootstrap" }, user: undefined } : forbidden({ reason: "bootstrap_only" });
  }
  const user = facts.users.get(person.userId);
  if (!user || !isUserActive(user) || !mayUseAdmin(user)) return forbidden({ reason: "not_signed_in" });
  const access = userAccess(facts, user, nowMs);
  const { right, fresh, users = [], permissions = [] } = demand;
  if (!mayDo(access, right)) return forbidden({ reason: "right_missing", right });
  const others = users.filter((id) => id !== user.id);
  const above = refuseAbove(facts, access, others, nowMs);
  if (above) return above;
  const missing = permissions.filter((permission) => !hasPermission(access, permission));
  if (missing.length > 0) {
    const rights = { isSuperuser: false, isStaff: false, permissions: [...new Set(missing)].sort() };
    return forbidden({ reason: "grants_more", principals: [], rights });
  }
  const { authenticatedAtMs } = person;
  if (fresh && !isFresh(authenticatedAtMs, nowMs))
    return forbidden({ reason: "sign_in_not_recent", authenticatedAtMs });
  const actor = { actor: `login:${user.username}`, actorUserId: user.id };
  return { actor, user, access, authenticatedAtMs };
}

/** Accounts that may more than the person are not the person's to change, not even while they are inactive. */
function refuseAbove(facts: AccessFacts, access: Access, ids: readonly string[], nowMs: number): Forbidden | undefined {
  if (access.isSuperuser) return undefined;
  const above = [...new Set(ids)].flatMap((id) => {
    const user = facts.users.get(id);
    const rights = user && rightsBeyond(access, userAccess(facts, activated(user), nowMs));
    return rights ? [{ username: user.username, rights }] : [];
  });
  if (above.length === 0) return undefined;
  const accounts = above.map(({ username }) => username).sort();
  return forbidden({ reason: "above_own", accounts, rights: joinRights(above.map(({ rights }) => rights)) });
}

/** What another principal has, or would have, that the person has not; undefined where that is nothing. */
function rightsBeyond(own: Access, other: Access): Rights | undefined {
  const permissions = [...other.permissions.keys()].filter((permission) => !hasPermission(own, permission)).sort();
  const isSuperuser = other.isSuperuser && !own.isSuperuser;
  const isStaff = other.isStaff && !own.isStaff && !own.isSuperuser;
  return isSuperuser || isStaff || permissions.length > 0 ? { isSuperuser, isStaff, permissions } : undefined;
}

function joinRights(all: readonly Rights[]): Rights {
  return {
    isSuperuser: all.some(({ isSuperuser }) => isSuperuser),
    isStaff: all.some(({ isStaff }) => isStaff),
    permissions: [...new Set(all.flatMap(({ permissions }) => permissions))].sort(),
  };
}

function activated(user: UserFacts): UserFacts {
  if (isUserActive(user)) return user;
  return { ...user, isActive: true, isDeactivated: false };
}

/** With everybody active: what an inactive account is given, it has as soon as it is activated. */
function withAllActive(facts: AccessFacts): AccessFacts {
  return { ...facts, users: new Map([...facts.users].map(([id, user]) => [id, activated(user)])) };
}

interface Comparison {
  readonly before: AccessFacts;
  readonly after: AccessFacts;
  readonly nowMs: number;
}

function refuseResult(admitted: Admitted, demand: Demand, { before, after, nowMs }: Comparison): Forbidden | undefined {
  if (admitted.user === undefined) {
    const isMade = demand.bootstrap === "sign_in" || administratorSignIns(after).length > 0;
    return isMade ? undefined : forbidden({ reason: "bootstrap_only" });
  }
  const { user, access, authenticatedAtMs } = admitted;
  const change = compareAccess(withAllActive(before), withAllActive(after), nowMs);
  const refused = access.isSuperuser ? undefined : refuseDifferences(before, access, change, { user, nowMs });
  if (refused) return refused;
  if (change.gains.some((gain) => raises(gain, after)) && !isFresh(authenticatedAtMs, nowMs)) {
    return forbidden({ reason: "sign_in_not_recent", authenticatedAtMs });
  }
  const former = lostAdministrators(before, after);
  if (former) return forbidden({ reason: "last_administrator", former: former.map(describeSignIn) });
  return endsOwnWayIn(user.id, before, after) ? forbidden({ reason: "own_way_in" }) : undefined;
}

/** Nobody gains what the person does not have, nor loses it; and what changes for others changes for nobody above the person. */
function refuseDifferences(
  before: AccessFacts,
  access: Access,
  { gains, losses }: AccessChange,
  { user, nowMs }: { readonly user: UserFacts; readonly nowMs: number },
): Forbidden | undefined {
  const beyond = (differences: readonly AccessDifference[]) =>
    differences.flatMap(({ principal, isSuperuser, isStaff, permissions }) => {
      const given = { isSuperuser, isStaff, permissions: new Map(permissions.map((name) => [name, []])) };
      const rights = rightsBeyond(access, given);
      return rights ? [{ principal, rights }] : [];
    });
  const granted = beyond(gains);
  if (granted.length > 0) {
    const principals = granted.map(({ principal }) => principal);
    return forbidden({ reason: "grants_more", principals, rights: joinRights(granted.map(({ rights }) => rights)) });
  }
  const taken = beyond(losses);
  if (taken.length > 0) {
    const accounts = [...new Set(taken.map(({ principal }) => principal.key))].sort();
    return forbidden({ reason: "above_own", accounts, rights: joinRights(taken.map(({ rights }) => rights)) });
  }
  const touched = usersOf(before, [...gains, ...losses]).filter((id) => id !== user.id);
  return refuseAbove(before, access, touched, nowMs);
}

/** The users whose access, or whose tokens', is different. */
function usersOf({ users, tokens }: AccessFacts, differences: readonly AccessDifference[]): readonly string[] {
  const names = new Set(differences.map(({ principal: { kind, key } }) => `${kind} ${key}`));
  return [
    ...[...users.values()].flatMap(({ id, username }) => (names.has(`${userKind.name} ${username}`) ? [id] : [])),
    ...[...tokens.values()].flatMap((token) =>
      names.has(`${apiToken.name} ${token.identifier}`) ? [token.userId] : [],
    ),
  ];
}

/** Whether a user becomes a superuser or staff; a token of such a user does not. */
function raises({ principal, isSuperuser, isStaff }: AccessDifference, { users, tokens }: AccessFacts): boolean {
  if (!isSuperuser && !isStaff) return false;
  if (principal.kind === userKind.name || principal.kind === oidcClient.name) return true;
  const token = [...tokens.values()].find(({ identifier }) => identifier === principal.key);
  return token !== undefined && users.get(token.userId)?.isService === true;
}

/** Whether a person could not sign in any more afterwards, or would be neither staff nor superuser as before. */
function endsOwnWayIn(id: string, before: AccessFacts, after: AccessFacts): boolean {
  const [was, is] = [before.users.get(id), after.users.get(id)];
  if (!was || !is || !isUserActive(is)) return true;
  if ((was.isSuperuser && !is.isSuperuser) || (was.isStaff && !is.isStaff)) return true;
  return signInCheck(before)(was) && !signInCheck(after)(is);
}
