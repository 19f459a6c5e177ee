import { listSome } from "../errors.js";
import type { Refusal } from "../plan/kind.js";
import { type Change, type Resource, rangeOf } from "../plan/resource.js";
import type { RawDiagnostic } from "../yaml/node.js";
import { type AdministratorSignIn, lostAdministrators } from "./administrators.js";
import type { AccessChange, AccessDifference } from "./compare.js";
import { countPrincipals, describePrincipal, describeSignIn, groupDifferences } from "./describe.js";
import type { AccessFacts } from "./facts.js";

/** The entries that a run declares, and what it changes. */
export interface GuardedPlan {
  readonly desired: readonly Resource[];
  readonly changes: readonly Change[];
}

/** What to say of a change that leaves nobody who could sign in as an administrator. */
export function lastAdministrator(
  former: readonly AdministratorSignIn[],
): Pick<Refusal, "message" | "hint"> & { readonly code: "LAST_ADMINISTRATOR" } {
  return {
    code: "LAST_ADMINISTRATOR",
    message: `nobody could sign in as an administrator any more; so far, these can: ${listSome(former.map(describeSignIn))}`,
    hint: "keep an active superuser with a password or a `sign_in`, or an enabled login client whose `superuser_group_names` make superusers; `--allow LAST_ADMINISTRATOR` does it anyway",
  };
}

/** Refuses what leaves nobody who could sign in as an administrator. */
export function refuseLastAdministrator(
  before: AccessFacts,
  after: AccessFacts,
  { changes }: Pick<GuardedPlan, "changes">,
): readonly Refusal[] {
  const former = lostAdministrators(before, after);
  if (!former) return [];
  const ranges = new Map(changes.map(({ id, range }) => [id, range]));
  const range = former.flatMap(idsBehind).flatMap((id) => ranges.get(id) ?? [])[0];
  return [{ reason: "refused", ...lastAdministrator(former), ...(range && { range }) }];
}

function idsBehind(way: AdministratorSignIn): readonly string[] {
  if (way.kind === "claims") return [way.client.id, way.client.providerId];
  return way.user.signIn ? [way.user.id, way.user.signIn.providerId] : [way.user.id];
}

/** Adds where the entries stand that the differences come from. */
export function locateDifferences(access: AccessChange, { desired, changes }: GuardedPlan): AccessChange {
  if (access.gains.length + access.losses.length === 0) return access;
  const changed = new Map(changes.map((change) => [change.id, change]));
  let resources: ReadonlyMap<string, Resource> | undefined;
  const resourceOf = ({ kind, key }: Change): Resource | undefined => {
    resources ??= new Map(desired.map((resource) => [`${resource.kind} ${resource.key}`, resource]));
    return resources.get(`${kind} ${key}`);
  };
  const locate = (difference: AccessDifference): AccessDifference => {
    const { id, attribute, item } = difference.cause;
    const change = changed.get(id);
    // The entry as a whole has the change's range.
    const resource = attribute === undefined ? undefined : change && resourceOf(change);
    const range = resource && attribute !== undefined ? rangeOf(resource, attribute, item) : change?.range;
    if (!range) return difference;
    const { principal, isSuperuser, isStaff, permissions, through, cause } = difference;
    return { principal, isSuperuser, isStaff, permissions, through, cause: { ...cause, range } };
  };
  return { ...access, gains: access.gains.map(locate), losses: access.losses.map(locate) };
}

const maxNotes = 20;
const hint = "check that this is meant; `access` in the output of `--output json` lists every gain and loss";

/**
 * A note for each entry through which rights are gained, with everyone who does. Where there are many, one note counts them; where
 * nobody had any rights before, there is none, since the whole file is new.
 *
 * @param each one for each entry in any case, for a run that refuses them
 */
export function noteGains({ gains, isFirst }: AccessChange, each: boolean): readonly RawDiagnostic[] {
  if (gains.length === 0 || (isFirst && !each)) return [];
  const groups = groupDifferences(gains);
  if (groups.length > maxNotes && !each) return [countGains(gains)];
  return groups.map(({ names, rights, cause: { range } }) => {
    const message = `${listSome(names)} ${names.length === 1 ? "gains" : "gain"} ${rights}`;
    return { severity: "note", code: "ESCALATION", message, hint, ...(range && { range }) };
  });
}

function countGains(gains: readonly AccessDifference[]): RawDiagnostic {
  const count = countPrincipals(gains);
  const superusers = gains
    .filter(({ isSuperuser }) => isSuperuser)
    .map(({ principal }) => describePrincipal(principal));
  const who = `${count} ${count === 1 ? "principal gains" : "principals gain"} rights`;
  const all = superusers.length === 0 ? "" : `; superuser: ${listSome(superusers)}`;
  return { severity: "note", code: "ESCALATION", message: `${who}${all}`, hint };
}
