import { type Expression, type ExpressionBuilder, sql } from "kysely";
import type { LiveDatabase } from "../database/live-database.js";
import { parseList, type Tables } from "../database/tables.js";
import type { Grants } from "./principal.js";

/** What {@link selectGrants} selects. The last two are JSON lists. */
export type GrantRow = readonly [
  userId: string,
  username: string,
  isActive: number,
  isStaff: number,
  isSuperuser: number,
  isService: number,
  ownPermissions: string,
  groupPermissions: string,
];

/**
 * Columns for a user and what it was granted, by file, by hand or by claims. Sub-selects, since one statement takes half the
 * time of three, and a join of them all is slow in some versions of the driver.
 */
export function selectGrants(database: LiveDatabase) {
  const list = (permission: Expression<string>) =>
    sql<string>`cast(coalesce(${sql.raw(database.jsonList)}(${permission}), '[]') as text)`.as("list");
  return (eb: ExpressionBuilder<Tables, "users">) =>
    [
      "users.id as user_id",
      "users.username",
      "users.is_active",
      "users.is_staff",
      "users.is_superuser",
      "users.is_service",
      eb
        .selectFrom("user_permissions")
        .select((inner) => list(inner.ref("user_permissions.permission")))
        .whereRef("user_permissions.user_id", "=", "users.id")
        .as("own_permissions"),
      // From the user's side, which a plain join leaves open, and without the list that `in` would make first.
      eb
        .selectFrom("user_groups")
        .crossJoin("group_permissions")
        .select((inner) => list(inner.ref("group_permissions.permission")))
        .whereRef("user_groups.user_id", "=", "users.id")
        .whereRef("group_permissions.group_id", "=", "user_groups.group_id")
        .as("group_permissions"),
    ] as const;
}

// No spreading here or in what is made of it: it takes as long as the rest.
export function grantsOf(row: readonly [...GrantRow, ...unknown[]]): Grants {
  const [id, username, , isStaff, isSuperuser, isService, own, groups] = row;
  const permissions = new Set(parseList(own));
  for (const permission of parseList(groups)) permissions.add(permission);
  const user = {
    id,
    username,
    isStaff: isStaff === 1,
    isSuperuser: isSuperuser === 1,
    isService: isService === 1,
  };
  return { user, permissions };
}
