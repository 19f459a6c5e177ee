import { hashPassword } from "../../secrets/password.js";
import { flag, hashed, text } from "../column.js";
import { defineKind } from "../table-kind.js";
import { groups } from "../targets.js";

/** A person or account. The users that exist for one API token alone belong to that token. */
export const user = defineKind({
  name: "user",
  table: "users",
  keyColumn: "username",
  only: { is_service: 0 },
  columns: {
    email: text("email"),
    first_name: text("first_name"),
    last_name: text("last_name"),
    is_active: flag("is_active", true),
    is_staff: flag("is_staff", false),
    is_superuser: flag("is_superuser", false),
    password: hashed("password_hash", hashPassword),
  },
  sets: {
    groups: { table: "user_groups", ownerColumn: "user_id", memberColumn: "group_id", target: groups },
    permissions: { table: "user_permissions", ownerColumn: "user_id", memberColumn: "permission" },
  },
});
