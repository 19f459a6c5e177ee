import type { ListedToken } from "../../operations/list-tokens.js";
import type { Forbidden } from "../../operations/person.js";
import type { TokenInContext } from "../../operations/token-facts.js";
import type { AdminRight } from "../../users/admin-rights.js";
import type { View } from "../view.js";

/** What can be done to a token. */
export type TokenAction = "rotate" | "enable" | "disable" | "revoke";

/** The right that each needs for the token of someone else; the operation decides. */
export const rightsFor: Readonly<Record<TokenAction, AdminRight>> = {
  rotate: "change_tokens",
  enable: "change_tokens",
  disable: "revoke_tokens",
  revoke: "revoke_tokens",
};

/** What a page answers without the right, before the operation is asked. */
export function missingRight(right: AdminRight): Forbidden {
  return { kind: "forbidden", reason: "right_missing", right };
}

export function isOwn(view: View, { user }: Pick<TokenInContext, "user">): boolean {
  return user.id === view.session?.principal.user.id;
}

/** Whether to offer to revoke tokens of a list. */
export function mayRevoke(view: View, tokens: readonly Pick<ListedToken, "user">[]): boolean {
  const own = view.session?.principal.user.username;
  return view.may(rightsFor.revoke) || tokens.every(({ user }) => user === own);
}

/** Whether to offer something; who disabled a token may have had a reason, so that its user can't enable it with that alone. */
export function mayChange(view: View, token: Pick<TokenInContext, "user">, action: TokenAction): boolean {
  return view.may(rightsFor[action]) || (action !== "enable" && isOwn(view, token));
}
