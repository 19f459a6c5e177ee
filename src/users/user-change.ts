import type { Person } from "./external-identity.js";
import type { UserRow } from "./find-user.js";
import type { Profile } from "./mapped-claims.js";

/** A user's groups by name: those that claims gave, and of the wanted ones those that exist, each with its id. */
export interface CurrentGroups {
  readonly claimed: ReadonlyMap<string, string>;
  readonly existing: ReadonlyMap<string, string>;
}

export interface UserChange {
  readonly fields: Readonly<Record<string, string | number>>;
  /** Ids of the groups that are there. */
  readonly join: readonly string[];
  /** Names of the groups that are made, to be joined as well. */
  readonly create: readonly string[];
  /** Ids of the groups. */
  readonly leave: readonly string[];
  /** The names of the groups that claims gave, where these change. */
  readonly groups: { readonly before: readonly string[]; readonly after: readonly string[] } | undefined;
}

/** What has to be written so that the user is what the profile says; undefined where it is already. */
export function changeUser(
  user: UserRow | undefined,
  groups: CurrentGroups,
  person: Person,
  profile: Profile,
  newName?: string,
): UserChange | undefined {
  // Somebody took the user out of use: nothing of it changes until it is back.
  if (user?.is_active === 0 && profile.fields.is_active !== 1) return undefined;
  const fields = { ...changedFields(user, person, profile), ...(newName !== undefined && { username: newName }) };
  const wanted = profile.groups.filter(({ name, mayBeMade }) => mayBeMade || groups.existing.has(name));
  const names = new Set(wanted.map(({ name }) => name));
  const added = [...names].filter((name) => !groups.claimed.has(name));
  const join = added.flatMap((name) => groups.existing.get(name) ?? []);
  const create = added.filter((name) => !groups.existing.has(name));
  const others = [...groups.claimed].filter(([name]) => !names.has(name));
  const leave = profile.isPartial ? [] : others.map(([, id]) => id);
  const isMoved = added.length + leave.length > 0;
  if (user && !isMoved && Object.keys(fields).length === 0) return undefined;
  const kept = profile.isPartial ? others.map(([name]) => name) : [];
  const moved = isMoved ? { before: [...groups.claimed.keys()].sort(), after: [...names, ...kept].sort() } : undefined;
  return { fields, join, create, leave, groups: moved };
}

function changedFields(user: UserRow | undefined, person: Person, profile: Profile): UserChange["fields"] {
  const wanted: Record<string, string | number> = {
    issuer: person.issuer,
    subject: person.subject,
    ...profile.fields,
    ...superuserFields(user, profile),
  };
  const current: Readonly<Record<string, string | number | null>> = user ?? {};
  return Object.fromEntries(Object.entries(wanted).filter(([name, value]) => current[name] !== value));
}

/** Claims give superuser and take away what they gave, never what a file or a person did. */
function superuserFields(
  user: UserRow | undefined,
  { isSuperuser: isWanted, isPartial }: Profile,
): UserChange["fields"] {
  const isSuperuser = user?.is_superuser === 1;
  if (isWanted) return isSuperuser ? {} : { is_superuser: 1, claim_superuser: 1 };
  return user?.claim_superuser === 1 && !isPartial ? { is_superuser: 0, claim_superuser: 0 } : {};
}
