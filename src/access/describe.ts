import { listSome } from "../errors.js";
import type { AdministratorSignIn } from "./administrators.js";
import type { AccessDifference, AccessPrincipal, Cause } from "./compare.js";

/** Such as `user jan`, or `anyone with the group beheer through oidc_client admin-oidc`. */
export function describePrincipal({ kind, key, claimant }: AccessPrincipal): string {
  if (!claimant) return `${kind} ${key}`;
  const who = claimant.kind === "everyone" ? "anyone" : `anyone with the ${claimant.kind} ${claimedName(claimant)}`;
  return `${who} through ${kind} ${key}`;
}

function claimedName(
  claimant: Exclude<AccessPrincipal["claimant"], undefined | { readonly kind: "everyone" }>,
): string {
  return claimant.kind === "group" ? claimant.name : claimant.path;
}

/** Everyone with the same rights through the same entry. */
export interface DifferenceGroup {
  readonly names: readonly string[];
  readonly rights: string;
  readonly cause: Cause;
}

/** Differences that one sentence can tell, in their order. */
export function groupDifferences(differences: readonly AccessDifference[]): readonly DifferenceGroup[] {
  const found = new Map<string, DifferenceGroup & { readonly names: string[] }>();
  for (const difference of differences) {
    const { cause, principal } = difference;
    // The members of a group have its permission through it, their tokens through them as well.
    const isOwn = cause.kind === principal.kind && cause.key === principal.key;
    const through = isOwn
      ? difference.through
      : difference.through.filter(({ kind, key }) => kind === cause.kind && key === cause.key);
    const rights = describeRights({ ...difference, through });
    const name = `${cause.id} ${rights}`;
    const group = found.get(name) ?? { names: [], rights, cause };
    group.names.push(describePrincipal(principal));
    found.set(name, group);
  }
  return [...found.values()];
}

/** How many users, tokens and rules of claims gain or lose something. */
export function countPrincipals(differences: readonly AccessDifference[]): number {
  return new Set(differences.map(({ principal }) => describePrincipal(principal))).size;
}

/** Such as `superuser, staff` or `taken.view_taak through group lezers`. */
function describeRights({
  isSuperuser,
  isStaff,
  permissions,
  through,
}: Omit<AccessDifference, "principal" | "cause">): string {
  const rights = listSome([...(isSuperuser ? ["superuser"] : []), ...(isStaff ? ["staff"] : []), ...permissions]);
  return through.length === 0
    ? rights
    : `${rights} through ${through.map(({ kind, key }) => `${kind} ${key}`).join(", ")}`;
}

export function describeSignIn(way: AdministratorSignIn): string {
  return way.kind === "user"
    ? `user ${way.user.username}`
    : `anyone whom claims of oidc_client ${way.client.identifier} make a superuser`;
}
