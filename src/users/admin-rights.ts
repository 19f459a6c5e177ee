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

/** The permission that gives a right. */
export function permissionOf(right: AdminRight): string {
  return `vtb_setup.${right}`;
}
