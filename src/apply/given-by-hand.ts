import type { Connection } from "../database/database.js";
import type { CurrentResource } from "../plan/kind.js";
import { group, user } from "../resources/kinds.js";

type Rows = ReadonlyMap<string, readonly CurrentResource[]>;

/**
 * The rows with what people gave those that no file manages: a file that takes one over has to declare it. What people gave beside a
 * file stays whatever the file says, and so is in none.
 */
export async function withGivenByHand(db: Connection, rows: Rows): Promise<Rows> {
  const found = new Map<string, readonly CurrentResource[]>();
  for (const [kind, all] of rows) {
    const given = await readers.get(kind)?.(db);
    const withGiven = (row: CurrentResource): CurrentResource => {
      const own = given?.get(row.id);
      return own ? { ...row, attributes: { ...row.attributes, ...merged(row, own) } } : row;
    };
    found.set(kind, all.map(withGiven));
  }
  return found;
}

const readers = new Map<string, typeof givenToUsers>([
  [user.name, givenToUsers],
  [group.name, givenToGroups],
]);

interface Given {
  readonly permissions: Set<string>;
  /** By the group's name: when the membership ends. */
  readonly groups: Map<string, string | null>;
}

async function givenToUsers(db: Connection): Promise<ReadonlyMap<string, Given>> {
  const found = new Map<string, Given>();
  const permissions = await db
    .selectFrom("user_permissions")
    .innerJoin("users", "users.id", "user_permissions.user_id")
    .select(["user_id", "permission"])
    .where("users.owner", "is", null)
    .where("origin", "=", "manual")
    .execute();
  for (const row of permissions) givenTo(found, row.user_id).permissions.add(row.permission);
  const memberships = await db
    .selectFrom("user_groups")
    .innerJoin("users", "users.id", "user_groups.user_id")
    .innerJoin("groups", "groups.id", "user_groups.group_id")
    .select(["user_id", "groups.name", "until"])
    .where("users.owner", "is", null)
    .where("origin", "=", "manual")
    .execute();
  for (const row of memberships) givenTo(found, row.user_id).groups.set(row.name, row.until);
  return found;
}

async function givenToGroups(db: Connection): Promise<ReadonlyMap<string, Given>> {
  const found = new Map<string, Given>();
  const permissions = await db
    .selectFrom("group_permissions")
    .innerJoin("groups", "groups.id", "group_permissions.group_id")
    .select(["group_id", "permission"])
    .where("groups.owner", "is", null)
    .where("origin", "=", "manual")
    .execute();
  for (const row of permissions) givenTo(found, row.group_id).permissions.add(row.permission);
  return found;
}

function givenTo(found: Map<string, Given>, id: string): Given {
  const known = found.get(id) ?? { permissions: new Set(), groups: new Map() };
  found.set(id, known);
  return known;
}

function merged({ attributes }: CurrentResource, given: Given): CurrentResource["attributes"] {
  const permissions = { permissions: union(attributes.permissions, given.permissions) };
  if (given.groups.size === 0) return permissions;
  const groups = textsIn(attributes.groups);
  const ends = new Map(Object.entries((attributes.groups_until ?? {}) as Readonly<Record<string, string>>));
  for (const [name, until] of given.groups) {
    const known = groups.includes(name) ? (ends.get(name) ?? null) : until;
    // The membership counts for as long as either does.
    const end = known === null || until === null ? null : [known, until].sort()[1];
    if (end === null || end === undefined) ends.delete(name);
    else ends.set(name, end);
  }
  return { ...permissions, groups: union(groups, given.groups.keys()), groups_until: Object.fromEntries(ends) };
}

function union(one: CurrentResource["attributes"][string], other: Iterable<string>): readonly string[] {
  return [...new Set([...textsIn(one), ...other])].sort();
}

function textsIn(value: CurrentResource["attributes"][string]): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}
