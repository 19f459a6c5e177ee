import type { ExternalIdentity } from "./external-identity.js";
import type { UserRow } from "./find-user.js";
import type { MappedClaims } from "./map-claims.js";

/** A user's groups by name, with their ids: those from claims, and the desired ones that exist. */
export interface CurrentGroups {
  readonly claimed: ReadonlyMap<string, string>;
  readonly existing: ReadonlyMap<string, string>;
}

export interface UserChange {
  readonly fields: Readonly<Record<string, string | number>>;
  /** Ids of existing groups. */
  readonly join: readonly string[];
  /** Names of groups to create and join. */
  readonly create: readonly string[];
  /** Ids of groups. */
  readonly leave: readonly string[];
  /** The names of all groups from claims, if they change. */
  readonly groups: { readonly before: readonly string[]; readonly after: readonly string[] } | undefined;
}

/** What decides about a change; of a user whose other fields are not known, each counts as changed. */
export type ChangedUser = Pick<UserRow, "deactivated_at" | "is_active" | "is_superuser" | "claim_superuser"> &
  Partial<UserRow>;

/** The change that makes the user match the claims; undefined if it already does. */
export function changeUser(
  user: ChangedUser | undefined,
  groups: CurrentGroups,
  identity: ExternalIdentity,
  mapped: MappedClaims,
  newName?: string,
): UserChange | undefined {
  // An inactive user stays unchanged until it is active again; claims never end what a command did.
  if (user && (user.deactivated_at !== null || (user.is_active === 0 && mapped.fields.is_active !== 1)))
    return undefined;
  const fields = { ...changedFields(user, identity, mapped), ...(newName !== undefined && { username: newName }) };
  const desired = mapped.groups.filter(({ name, mayBeCreated }) => mayBeCreated || groups.existing.has(name));
  const names = new Set(desired.map(({ name }) => name));
  const added = [...names].filter((name) => !groups.claimed.has(name));
  const join = added.flatMap((name) => groups.existing.get(name) ?? []);
  const create = added.filter((name) => !groups.existing.has(name));
  const others = [...groups.claimed].filter(([name]) => !names.has(name));
  const leave = mapped.isPartial ? [] : others.map(([, id]) => id);
  const isMoved = added.length + leave.length > 0;
  if (user && !isMoved && Object.keys(fields).length === 0) return undefined;
  const kept = mapped.isPartial ? others.map(([name]) => name) : [];
  const moved = isMoved ? { before: [...groups.claimed.keys()].sort(), after: [...names, ...kept].sort() } : undefined;
  return { fields, join, create, leave, groups: moved };
}

function changedFields(
  user: ChangedUser | undefined,
  identity: ExternalIdentity,
  mapped: MappedClaims,
): UserChange["fields"] {
  const desired: Record<string, string | number> = {
    issuer: identity.issuer,
    subject: identity.subject,
    ...mapped.fields,
    ...superuserFields(user, mapped),
  };
  const current: Readonly<Record<string, string | number | null>> = user ?? {};
  return Object.fromEntries(Object.entries(desired).filter(([name, value]) => current[name] !== value));
}

/** Claims grant superuser, and revoke it only if claims granted it. */
function superuserFields(
  user: ChangedUser | undefined,
  { isSuperuser: isWanted, isPartial }: MappedClaims,
): UserChange["fields"] {
  const isSuperuser = user?.is_superuser === 1;
  if (isWanted) return isSuperuser ? {} : { is_superuser: 1, claim_superuser: 1 };
  return user?.claim_superuser === 1 && !isPartial ? { is_superuser: 0, claim_superuser: 0 } : {};
}
