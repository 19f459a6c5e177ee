/** The user that a request acts for. */
export interface PrincipalUser {
  readonly id: string;
  readonly username: string;
  readonly isStaff: boolean;
  readonly isSuperuser: boolean;
  /** The user exists for one API token alone. */
  readonly isService: boolean;
}

/** How a request says whom it acts for: by an API token, by a provider's token, or by the cookie of a login. */
type PrincipalScheme = "token" | "bearer" | "session";

/** Whom a request acts for, and what it may do. It is frozen: many requests share one. */
export interface Principal<Scheme extends PrincipalScheme = PrincipalScheme> {
  readonly user: PrincipalUser;
  readonly scheme: Scheme;
  /** The identifier of the API token, or of the OIDC client that guards the API or logged the user in. */
  readonly credential: string;
  /**
   * What was granted by name: the user's own and groups' permissions, as far as the token does not narrow them. A copy at each
   * look; `hasPermission` makes none.
   */
  readonly permissions: ReadonlySet<string>;
  /** True for what was granted, and for everything where a superuser's credential is not narrowed. */
  readonly hasPermission: (permission: string) => boolean;
}

/** What a user was granted, before a token narrows it. */
export interface Grants {
  readonly user: PrincipalUser;
  readonly permissions: ReadonlySet<string>;
}

interface Credential<Scheme extends PrincipalScheme> {
  readonly scheme: Scheme;
  readonly identifier: string;
  /** Null for all that its user may do. */
  readonly narrowedTo: readonly string[] | null;
}

/** @returns a frozen object, down to its parts */
export function createPrincipal<Scheme extends PrincipalScheme>(
  grants: Grants,
  { scheme, identifier, narrowedTo }: Credential<Scheme>,
): Principal<Scheme> {
  const { user } = grants;
  const permissions = narrowedTo === null ? grants.permissions : narrow(grants, narrowedTo);
  const isUnlimited = user.isSuperuser && narrowedTo === null;
  return Object.freeze({
    user: Object.freeze(user),
    scheme,
    credential: identifier,
    get permissions() {
      return frozenCopy(permissions);
    },
    hasPermission: Object.freeze((permission: string) => isUnlimited || permissions.has(permission)),
  });
}

/** A set whose own methods don't change it. Those of its prototype still could, and so each reader has one of its own. */
function frozenCopy(permissions: ReadonlySet<string>): ReadonlySet<string> {
  const copy = new Set(permissions);
  for (const name of ["add", "delete", "clear"]) Object.defineProperty(copy, name, { value: refuseChange });
  return Object.freeze(copy);
}

function refuseChange(): never {
  throw new TypeError("a principal's permissions can't be changed");
}

/** A token can only take away. */
function narrow({ user, permissions }: Grants, narrowedTo: readonly string[]): ReadonlySet<string> {
  return new Set(narrowedTo.filter((permission) => user.isSuperuser || permissions.has(permission)));
}
