import { type AdminRight, adminRights, permissionOf } from "../users/admin-rights.js";

/** What an operation can demand: a right, to be a superuser, or only to be signed in, for a person's own tokens and sessions. */
export type DemandedRight = AdminRight | "superuser" | "own";

/** What can be asked what it may do: a principal, or effective access. */
interface Holder {
  readonly isSuperuser: boolean;
  readonly permissions: { readonly has: (permission: string) => boolean };
}

/** Whether a person who may use the admin pages at all has a right. */
export function mayDo(holder: Holder, right: DemandedRight): boolean {
  if (holder.isSuperuser || right === "own") return true;
  if (right === "superuser") return false;
  const names = Object.keys(adminRights) as readonly AdminRight[];
  const giving = names.filter((name) => name === right || adminRights[name].includes.includes(right));
  return giving.some((name) => holder.permissions.has(permissionOf(name)));
}

/** Whether a person may use the admin pages. */
export function mayUseAdmin({ isStaff, isSuperuser }: { readonly isStaff: boolean; readonly isSuperuser: boolean }) {
  return isStaff || isSuperuser;
}

/** How long ago a person may have signed in for what needs a recent sign-in, in milliseconds. */
export const freshForMs = 15 * 60_000;

// The provider's clock may be ahead of this one.
const leewayMs = 30_000;

/** Whether a sign-in is recent; one of which the time is unknown is not. */
export function isFresh(authenticatedAtMs: number | undefined, nowMs: number): boolean {
  if (authenticatedAtMs === undefined) return false;
  return nowMs - authenticatedAtMs <= freshForMs && authenticatedAtMs - nowMs <= leewayMs;
}
