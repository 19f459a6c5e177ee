import { type Expression, type ExpressionBuilder, sql } from "kysely";
import type { LiveDatabase } from "../database/live-database.js";
import type { Flag, Tables } from "../database/tables.js";
import { andThen, type MaybePromise } from "../maybe-promise.js";
import { createPermissionReader, type Granted } from "./permissions.js";
import { momentOf } from "./token-policy.js";

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

/** A user with permissions: all of the user's, or those that a token limits them to. */
export interface Grants extends Granted {
  readonly user: PrincipalUser;
}

interface Credential<Scheme extends PrincipalScheme> {
  readonly scheme: Scheme;
  readonly identifier: string;
  /** Undefined for another credential than a token. */
  readonly token?: TokenDetails;
}

/** What a principal tells of its token, read only where a program asks. */
interface TokenDetails {
  readonly identifier: string;
  /** A JSON list of organization, application, administration, contact person, email and description. */
  readonly texts: string;
  /** When the value that was sent ends; infinite for never. */
  readonly endsAtMs: number;
}

/** @returns a frozen object, down to its parts */
export function createPrincipal<Scheme extends PrincipalScheme>(
  grants: Grants,
  credential: Credential<Scheme>,
): Principal<Scheme> {
  return new SharedPrincipal(grants, credential);
}

/** A class, since accessors of an object's own take longer to make than the database takes to answer. */
class SharedPrincipal<Scheme extends PrincipalScheme> implements Principal<Scheme> {
  readonly user: PrincipalUser;
  readonly scheme: Scheme;
  readonly credential: string;
  readonly hasPermission: (permission: string) => boolean;
  readonly #permissions: ReadonlySet<string>;
  readonly #details: TokenDetails | undefined;
  #token: PrincipalToken | undefined;

  constructor({ user, permissions }: Grants, { scheme, identifier, token }: Credential<Scheme>) {
    this.user = Object.freeze(user);
    this.scheme = scheme;
    this.credential = identifier;
    this.hasPermission = permissions.has;
    this.#permissions = permissions.all;
    this.#details = token;
    Object.freeze(this);
  }

  get token(): PrincipalToken | undefined {
    this.#token ??= this.#details && describeToken(this.#details);
    return this.#token;
  }

  get permissions(): ReadonlySet<string> {
    return frozenCopy(this.#permissions);
  }

  /** With what its accessors return, as a log or an answer would show it. */
  toJSON(): object {
    const { hasPermission: _, ...own } = this;
    return { ...own, token: this.token, permissions: [...this.#permissions] };
  }
}

// All principals share its accessors.
Object.freeze(SharedPrincipal.prototype);

function describeToken({ identifier, texts, endsAtMs }: TokenDetails): PrincipalToken {
  // The database itself made the list.
  const [organization, application, administration, contactPerson, email, description] = JSON.parse(texts) as Texts;
  return Object.freeze({
    identifier,
    organization,
    application,
    administration,
    expiresAt: momentOf(endsAtMs),
    meta: Object.freeze({ contactPerson, email, description }),
  });
}

type Texts = readonly [string, string, string, string, string, string];

/** A set without methods that change it. Those of its prototype still could, so each reader gets its own copy. */
function frozenCopy(permissions: ReadonlySet<string>): ReadonlySet<string> {
  const copy = new Set(permissions);
  for (const name of ["add", "delete", "clear"]) Object.defineProperty(copy, name, { value: rejectChange });
  return Object.freeze(copy);
}

function rejectChange(): never {
  throw new TypeError("a principal's permissions can't be changed");
}

/** What {@link selectGrants} selects. The last two are lists for {@link createPermissionReader}. */
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
      // Starts at the user, which a plain join leaves open, and avoids the list that `in` would build first.
      eb
        .selectFrom("user_groups")
        .crossJoin("group_permissions")
        .whereRef("user_groups.user_id", "=", "users.id")
        .whereRef("group_permissions.group_id", "=", "user_groups.group_id")
        // Read with their ends, not compared here: a cache needs the first end.
        .select((inner) =>
          list(
            sql<string>`coalesce(${inner.ref("user_groups.until")} || ${sql.lit("\n")}, '') || ${inner.ref("group_permissions.permission")}`,
          ),
        )
        .as("group_permissions"),
    ] as const;
}

/** Creates a function that returns what a user may at this moment; with `narrowedTo`, what a token of that user may. */
export function createGrantReader() {
  const readPermissions = createPermissionReader();
  // No spreading here or in the result, since it takes as long as the rest.
  return (row: readonly [...GrantRow, ...unknown[]], nowMs: number, narrowedTo: string | null = null): Grants => {
    const [id, username, , isStaff, superuser, isService, own, ofGroups] = row;
    const isSuperuser = superuser === 1;
    const { permissions, endsAtMs } = readPermissions({ own, ofGroups, narrowedTo, isSuperuser }, nowMs);
    return {
      user: { id, username, isStaff: isStaff === 1, isSuperuser, isService: isService === 1 },
      permissions,
      endsAtMs,
    };
  };
}

export type ReadGrants = ReturnType<typeof createGrantReader>;

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
  const readGrants = createGrantReader();
  return (id) => andThen(read(id), readRow, readGrants, now);
}

function readRow(row: GrantRow | undefined, readGrants: ReadGrants, now: () => number): UserLookup {
  if (!row) return { kind: "unknown" };
  const [, username, isActive] = row;
  return isActive === 1 ? { kind: "active", grants: readGrants(row, now()) } : { kind: "inactive", username };
}
