import { sql } from "kysely";
import type { Connection } from "../database/database.js";
import type { Origin } from "../database/tables.js";
import { contains } from "./paging.js";

/** A group for people who look after all of them. */
export interface ListedGroup {
  readonly name: string;
  /** Null for what no configuration manages. */
  readonly owner: string | null;
  /** People and service users whose membership counts now. */
  readonly members: number;
  readonly permissions: number;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

export const groupSorts = ["name", "members", "created"] as const;

/** Part of a list: its order, and which rows of it. */
export interface GroupPage {
  readonly search: string | undefined;
  readonly sort: (typeof groupSorts)[number];
  readonly isDescending: boolean;
  readonly offset: number;
  readonly limit: number;
}

/** One page of the groups, and how many there are on all of them. */
export async function readGroupPage(
  db: Connection,
  { search, sort, isDescending, offset, limit }: GroupPage,
  nowMs: number,
): Promise<{ readonly groups: readonly ListedGroup[]; readonly total: number }> {
  const now = new Date(nowMs).toISOString();
  const members = sql<number>`(select count(distinct user_groups.user_id) from user_groups
    where user_groups.group_id = groups.id and (user_groups.until is null or user_groups.until > ${now}))`;
  const permissions = sql<number>`(select count(distinct group_permissions.permission) from group_permissions
    where group_permissions.group_id = groups.id)`;
  let matching = db
    .selectFrom("groups")
    .select(["name", "owner", "created_at as createdAt", members.as("members"), permissions.as("permissions")]);
  if (search !== undefined) matching = matching.where(contains("groups.name", search));
  const by = { name: sql`groups.name`, members, created: sql`groups.created_at` }[sort];
  const direction = isDescending ? "desc" : "asc";
  const groups = await matching.orderBy(by, direction).orderBy("name", direction).offset(offset).limit(limit).execute();
  const { total } = await matching
    .clearSelect()
    .select((eb) => eb.fn.countAll<number>().as("total"))
    .executeTakeFirstOrThrow();
  return { groups, total };
}

/** A group with what it gives. Times are ISO 8601 in UTC. */
export interface GroupDetails {
  readonly id: string;
  readonly name: string;
  readonly owner: string | null;
  readonly createdAt: string;
  /** By which a form knows it. */
  readonly updatedAt: string;
  readonly permissions: readonly { readonly permission: string; readonly source: Origin }[];
}

/** One group; undefined where there is none with this name. */
export async function readGroup(db: Connection, name: string): Promise<GroupDetails | undefined> {
  const row = await db
    .selectFrom("groups")
    .select(["id", "owner", "created_at", "updated_at"])
    .where("name", "=", name)
    .executeTakeFirst();
  if (!row) return undefined;
  const permissions = await db
    .selectFrom("group_permissions")
    .select(["permission", "origin as source"])
    .where("group_id", "=", row.id)
    .orderBy("permission")
    .orderBy("origin")
    .execute();
  return { id: row.id, name, owner: row.owner, createdAt: row.created_at, updatedAt: row.updated_at, permissions };
}

/** A membership of a group, by user. */
export interface GroupMember {
  readonly username: string;
  /** Who manages the user. */
  readonly owner: string | null;
  readonly isService: boolean;
  readonly isActive: boolean;
  readonly source: Origin;
  /** When it stops to count; null for good. */
  readonly until: string | null;
}

/** One page of a group's memberships by username, with those that are over, and how many there are. */
export async function readMembers(
  db: Connection,
  groupId: string,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): Promise<{ readonly members: readonly GroupMember[]; readonly total: number }> {
  const all = db
    .selectFrom("user_groups")
    .innerJoin("users", "users.id", "user_groups.user_id")
    .where("user_groups.group_id", "=", groupId);
  const rows = await all
    .select(["users.username", "users.owner", "users.is_service", "users.is_active", "users.deactivated_at"])
    .select(["user_groups.origin as source", "user_groups.until"])
    .orderBy("users.username")
    .orderBy("user_groups.origin")
    .offset(offset)
    .limit(limit)
    .execute();
  const { total } = await all.select((eb) => eb.fn.countAll<number>().as("total")).executeTakeFirstOrThrow();
  const members = rows.map((row) => ({
    username: row.username,
    owner: row.owner,
    isService: row.is_service === 1,
    isActive: row.is_active === 1 && row.deactivated_at === null,
    source: row.source,
    until: row.until,
  }));
  return { members, total };
}

/** The names of all groups, sorted. */
export async function groupNames(db: Connection): Promise<readonly string[]> {
  const rows = await db.selectFrom("groups").select("name").execute();
  return rows.map(({ name }) => name).sort();
}
