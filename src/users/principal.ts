import { type Expression, type ExpressionBuilder, sql } from "kysely";
import type { LiveDatabase } from "../database/live-database.js";
import { type Flag, parseList, type Tables } from "../database/tables.js";
import { andThen, type MaybePromise } from "../maybe-promise.js";

/** The user that a request acts for. */
export interface PrincipalUser {
  readonly id: string;
  readonly username: string;
  readonly isStaff: boolean;
  readonly isSuperuser: boolean;
  /** The user exists only for one API token. */
  readonly isService: boolean;
}

/** The API token of a request. Texts that it does not have are empty. */
export interface PrincipalToken {
  readonly identifier: string;
  readonly organization: string;
  readonly application: string;
  readonly administration: string;
  /** When the value that was sent ends: ISO 8601, UTC; null if never. */
  readonly expiresAt: string | null;
  /** About the token, for people. */
  readonly meta: {
    readonly contactPerson: string;
    readonly email: string;
    readonly description: string;
  };
}

/** How a request authenticates: by an API token, by a provider's token, or by the cookie of a login. */
type PrincipalScheme = "token" | "bearer" | "session";

/** The user that a request acts for, with its permissions. Frozen, since requests share it. */
export interface Principal<Scheme extends PrincipalScheme = PrincipalScheme> {
  readonly user: PrincipalUser;
  readonly scheme: Scheme;
  /** The identifier of the API token, or of the OIDC client. */
  readonly credential: string;
  /** The API token; undefined for another scheme. */
  readonly token: PrincipalToken | undefined;
  /**
   * The permissions of the user and its groups, limited to those of the token. Each read creates a copy; `hasPermission` does not.
   */
  readonly permissions: ReadonlySet<string>;
  /** Whether the permission was granted. Always true for a superuser whose token has no limit. */
  readonly hasPermission: (permission: string) => boolean;
}

/** A user's permissions, before a token limits them. */
export interface Grants {
  readonly user: PrincipalUser;
  readonly permissions: ReadonlySet<string>;
  /** When the first of the memberships that count now ends; infinite where none does. */
  readonly endsAtMs: number;
}

interface Credential<Scheme extends PrincipalScheme> {
  readonly scheme: Scheme;
  readonly identifier: string;
  /** Null for all permissions of the user. */
  readonly narrowedTo: readonly string[] | null;
  /** Called once, when the token is first asked for. */
  readonly describeToken?: () => PrincipalToken;
}

/** @returns a frozen object, down to its parts */
export function createPrincipal<Scheme extends PrincipalScheme>(
  grants: Grants,
  { scheme, identifier, narrowedTo, describeToken }: Credential<Scheme>,
): Principal<Scheme> {
  const { user } = grants;
  const permissions = narrowedTo === null ? grants.permissions : narrow(grants, narrowedTo);
  const isUnlimited = user.isSuperuser && narrowedTo === null;
  let token: PrincipalToken | undefined;
  return Object.freeze({
    user: Object.freeze(user),
    scheme,
    credential: identifier,
    get token() {
      token ??= describeToken?.();
      return token;
    },
    get permissions() {
      return frozenCopy(permissions);
    },
    hasPermission: Object.freeze((permission: string) => isUnlimited || permissions.has(permission)),
  });
}

/** A set without methods that change it. Those of its prototype still could, so each reader gets its own copy. */
function frozenCopy(permissions: ReadonlySet<string>): ReadonlySet<string> {
  const copy = new Set(permissions);
  for (const name of ["add", "delete", "clear"]) Object.defineProperty(copy, name, { value: rejectChange });
  return Object.freeze(copy);
}

function rejectChange(): never {
  throw new TypeError("a principal's permissions can't be changed");
}

/** A token can only limit permissions, never add any. */
function narrow({ user, permissions }: Grants, narrowedTo: readonly string[]): ReadonlySet<string> {
  return new Set(narrowedTo.filter((permission) => user.isSuperuser || permissions.has(permission)));
}

/** What {@link selectGrants} selects. The last three are JSON lists. */
export type GrantRow = readonly [
  userId: string,
  username: string,
  isActive: number,
  isStaff: number,
  isSuperuser: number,
  isService: number,
  ownPermissions: string,
  groupPermissions: string,
  /** Of memberships that end: when, a line feed, and the permission. */
  endingPermissions: string,
];

/** Whether a row of `users` is active: where its file and claims have it so, and no command deactivated it. */
export function isActiveUser() {
  return sql<Flag>`case when users.deactivated_at is null then users.is_active else 0 end`;
}

/**
 * Whether a row of `user_groups` counts: its membership has not ended.
 *
 * @param now ISO 8601, UTC
 */
export function isCurrentMembership(now: string) {
  return sql<boolean>`(user_groups.until is null or user_groups.until > ${now})`;
}

/**
 * The columns of a user with its permissions. Sub-selects, since one statement takes half the time of three, and a join of all
 * tables is slow in some versions of the driver.
 */
export function selectGrants(database: LiveDatabase) {
  const list = (permission: Expression<string>) =>
    sql<string>`cast(coalesce(${sql.raw(database.jsonList)}(${permission}), '[]') as text)`.as("list");
  // Starts at the user, which a plain join leaves open, and avoids the list that `in` would build first.
  const ofGroups = (eb: ExpressionBuilder<Tables, "users">) =>
    eb
      .selectFrom("user_groups")
      .crossJoin("group_permissions")
      .whereRef("user_groups.user_id", "=", "users.id")
      .whereRef("group_permissions.group_id", "=", "user_groups.group_id");
  return (eb: ExpressionBuilder<Tables, "users">) =>
    [
      "users.id as user_id",
      "users.username",
      isActiveUser().as("is_active"),
      "users.is_staff",
      "users.is_superuser",
      "users.is_service",
      eb
        .selectFrom("user_permissions")
        .select((inner) => list(inner.ref("user_permissions.permission")))
        .whereRef("user_permissions.user_id", "=", "users.id")
        .as("own_permissions"),
      ofGroups(eb)
        .select((inner) => list(inner.ref("group_permissions.permission")))
        .where("user_groups.until", "is", null)
        .as("group_permissions"),
      // Read with their ends, not compared here: a cache needs the first end.
      ofGroups(eb)
        .select((inner) =>
          list(
            sql<string>`${inner.ref("user_groups.until")} || ${sql.lit("\n")} || ${inner.ref("group_permissions.permission")}`,
          ),
        )
        .where("user_groups.until", "is not", null)
        .as("ending_permissions"),
    ] as const;
}

/** What a user may at this moment. */
// No spreading here or in the result, since it takes as long as the rest.
export function grantsOf(row: readonly [...GrantRow, ...unknown[]], nowMs: number): Grants {
  const [id, username, , isStaff, isSuperuser, isService, own, groups, ending] = row;
  const permissions = new Set(parseList(own));
  for (const permission of parseList(groups)) permissions.add(permission);
  let endsAtMs = Number.POSITIVE_INFINITY;
  for (const entry of parseList(ending)) {
    const end = entry.indexOf("\n");
    const untilMs = Date.parse(entry.slice(0, end));
    // Also false for an end that can't be parsed, whose author wanted it to end.
    if (!(nowMs < untilMs)) continue;
    permissions.add(entry.slice(end + 1));
    endsAtMs = Math.min(endsAtMs, untilMs);
  }
  const user = {
    id,
    username,
    isStaff: isStaff === 1,
    isSuperuser: isSuperuser === 1,
    isService: isService === 1,
  };
  return { user, permissions, endsAtMs };
}

/** A user's current state. */
export type UserLookup =
  | { readonly kind: "active"; readonly grants: Grants }
  | { readonly kind: "inactive"; readonly username: string }
  | { readonly kind: "unknown" };

/**
 * Prepares a look-up of users by id.
 *
 * @param now in milliseconds
 */
export function prepareUserLookup(database: LiveDatabase, now: () => number): (id: string) => MaybePromise<UserLookup> {
  const read = database.prepare<GrantRow>(
    database.kysely.selectFrom("users").select(selectGrants(database)).where("users.id", "=", "").compile(),
  );
  return (id) => andThen(read(id), readRow, now);
}

function readRow(row: GrantRow | undefined, now: () => number): UserLookup {
  if (!row) return { kind: "unknown" };
  const [, username, isActive] = row;
  return isActive === 1 ? { kind: "active", grants: grantsOf(row, now()) } : { kind: "inactive", username };
}
