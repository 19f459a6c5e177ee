import { type Expression, type ExpressionBuilder, sql } from "kysely";
import type { LiveDatabase } from "../database/live-database.js";
import type { Tables } from "../database/tables.js";
import { setupError } from "../errors.js";
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
 * time of three, and a join is slow in some versions of the driver.
 */
export function selectGrants(database: LiveDatabase) {
  const list = (permission: Expression<string>) =>
    sql<string>`coalesce(${sql.raw(database.jsonList)}(${permission}), '[]')`.as("list");
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
      eb
        .selectFrom("group_permissions")
        .select((inner) => list(inner.ref("group_permissions.permission")))
        .where("group_permissions.group_id", "in", (groups) =>
          groups
            .selectFrom("user_groups")
            .select("user_groups.group_id")
            .whereRef("user_groups.user_id", "=", "users.id"),
        )
        .as("group_permissions"),
    ] as const;
}

// No spreading here or in what is made of it: it takes as long as the rest.
export function grantsOf([id, username, , isStaff, isSuperuser, isService, own, groups]: GrantRow): Grants {
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

/**
 * A JSON list of text from the database.
 *
 * @throws SetupError `DATABASE_FAILED` (internal) when it is something else, so that nobody is let in by half a list
 */
export function parseList(json: string): readonly string[] {
  if (json === "[]") return [];
  let list: unknown;
  try {
    list = JSON.parse(json);
  } catch {
    list = undefined;
  }
  if (Array.isArray(list) && list.every((item) => typeof item === "string")) return list;
  throw setupError(
    "internal",
    "DATABASE_FAILED",
    "a list of permissions in the database is damaged",
    "run `vtb-setup apply` again, or look for what else writes to the database",
  );
}
