/** What a person needs to be allowed at the admin pages, beside being staff or a superuser. */
interface RightDescription {
  readonly description: string;
  /** The rights that it includes. */
  readonly includes: readonly AdminRight[];
}

export type AdminRight =
  | "view_tokens"
  | "change_tokens"
  | "revoke_tokens"
  | "view_users"
  | "change_users"
  | "view_history";

/** Every right that a person can be given at the admin pages. What is not here, such as OpenID, is for superusers alone. */
export const adminRights: Readonly<Record<AdminRight, RightDescription>> = {
  view_tokens: { description: "See everybody's API tokens, never their values.", includes: [] },
  revoke_tokens: { description: "Revoke and disable API tokens.", includes: ["view_tokens"] },
  change_tokens: {
    description: "Create API tokens for others and for service users, rotate and enable them.",
    includes: ["view_tokens", "revoke_tokens"],
  },
  view_users: { description: "See users and groups, and what they may do.", includes: [] },
  change_users: {
    description: "Create and change users and groups, end sessions, set passwords and unlink.",
    includes: ["view_users"],
  },
  view_history: { description: "See what was changed, when and by whom.", includes: [] },
};

/** What an operation can demand: a right, to be a superuser, or only to be signed in, for a person's own tokens and sessions. */
export type DemandedRight = AdminRight | "superuser" | "own";

/** What can be asked what it may do: a principal, or effective access. */
interface Holder {
  readonly isSuperuser: boolean;
  readonly permissions: { readonly has: (permission: string) => boolean };
}

/** The permission that gives a right. */
export function permissionOf(right: AdminRight): string {
  return `vtb_setup.${right}`;
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
