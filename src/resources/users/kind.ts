import type { Kind } from "../../plan/kind.js";
import { hashPassword } from "../../secrets/password.js";
import { flag, hashed, reference, text } from "../columns.js";
import { defineKind } from "../table-kind.js";
import { groups, oidcProviders } from "../targets.js";
import { reviewLinks } from "./kind-links.js";
import { readLinks, releaseLinks, signInLink } from "./link.js";
import { reviewSignIn } from "./review-sign-in.js";

const rows = defineKind({
  name: "user",
  table: "users",
  keyColumn: "username",
  hasFreeNames: true,
  only: { is_service: 0 },
  columns: {
    email: text("email"),
    first_name: text("first_name"),
    last_name: text("last_name"),
    is_active: flag("is_active", true),
    is_staff: flag("is_staff", false),
    is_superuser: flag("is_superuser", false),
    password: hashed("password_hash", hashPassword),
    sign_in_provider: reference("sign_in_provider_id", oidcProviders),
    sign_in_subject: text("sign_in_subject", null),
  },
  sets: {
    groups: { table: "user_groups", ownerColumn: "user_id", memberColumn: "group_id", target: groups },
    permissions: { table: "user_permissions", ownerColumn: "user_id", memberColumn: "permission" },
  },
});

/** A person or account. The users that exist for one API token alone belong to that token. */
export const user: Kind = {
  ...rows,
  attributes: { ...rows.attributes, sign_in: signInLink },
  review: (world) => [...reviewSignIn(world), ...reviewLinks(world)],
  async read(context) {
    const [users, links] = [await rows.read(context), await readLinks(context)];
    return users.map((row) => ({ ...row, attributes: { ...row.attributes, sign_in: links.get(row.id) ?? null } }));
  },
  async write(context, changes) {
    await rows.write(context, changes);
    await releaseLinks(context, changes);
  },
};
