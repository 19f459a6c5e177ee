import type { KindShape } from "../plan/kind-shape.js";
import type { Attributes, AttributeValue, Change, PlannedChange } from "../plan/resource.js";
import { apiToken, digestOf, group, oidcClient, oidcProvider, user } from "../resources/kinds.js";
import { isSecret } from "../secrets/secret.js";
import { readClaimMapping } from "../users/claim-mapping.js";
import type {
  AccessFacts,
  ClientFacts,
  GroupFacts,
  Membership,
  OwnPermission,
  ProviderFacts,
  TokenFacts,
  UserFacts,
} from "./facts.js";

/** The facts once the changes are made. What a change does not touch is the same object as before. */
export function planFacts(before: AccessFacts, changes: readonly Change[]): AccessFacts {
  const groups = planKind(before.groups, changesOf(changes, group), planGroup);
  const groupIds = new Map([...groups.values()].map(({ id, name }) => [name, id]));
  const providers = planKind(before.providers, changesOf(changes, oidcProvider), planProvider);
  const providerIds = new Map([...providers.values()].map(({ id, identifier }) => [identifier, id]));
  const clients = planKind(before.clients, changesOf(changes, oidcClient), (change, row) =>
    planClient(change, row, providerIds),
  );
  const people = planKind(before.users, changesOf(changes, user), (change, row) =>
    planUser(change, row, { groupIds, providerIds }),
  );
  return { ...before, groups, providers, clients, ...planTokens(before, people, changesOf(changes, apiToken)) };
}

type Deletion = Extract<Change, { readonly action: "delete" }>;

/** A change of the kind with this shape that creates or updates. */
type PlannedOf<Shape> = Shape extends KindShape<infer A> ? PlannedChange<A> : never;

function changesOf<A extends Attributes>(
  changes: readonly Change[],
  { name }: Pick<KindShape<A>, "name" | "resource">,
): readonly (PlannedChange<A> | Deletion)[] {
  // Only a kind makes its resources, so their attributes are its own.
  return changes.filter(({ kind }) => kind === name) as unknown as readonly (PlannedChange<A> | Deletion)[];
}

function planKind<Fact, A extends Attributes>(
  before: ReadonlyMap<string, Fact>,
  changes: readonly (PlannedChange<A> | Deletion)[],
  planned: (change: PlannedChange<A>, row: Fact | undefined) => Fact,
): ReadonlyMap<string, Fact> {
  if (changes.length === 0) return before;
  const facts = new Map(before);
  for (const change of changes) {
    if (change.action === "delete") facts.delete(change.id);
    else facts.set(change.id, planned(change, before.get(change.id)));
  }
  return facts;
}

/** The value that a change writes; undefined where it leaves the row's as it is. */
function writtenBy<A extends Attributes>(change: PlannedChange<A>, name: keyof A & string): AttributeValue {
  return change.action === "create" || change.changed.includes(name) ? change.attributes[name] : undefined;
}

function flagIn<A extends Attributes>(change: PlannedChange<A>, name: keyof A & string, otherwise: boolean): boolean {
  const value = writtenBy(change, name);
  return typeof value === "boolean" ? value : otherwise;
}

function textIn<A extends Attributes>(
  change: PlannedChange<A>,
  name: keyof A & string,
  otherwise: string | null,
): string | null {
  const value = writtenBy(change, name);
  if (value === null) return null;
  return typeof value === "string" ? value : otherwise;
}

function textsOf(value: AttributeValue): readonly string[] | undefined {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : undefined;
}

/** A file's permissions replace those of files; what a person or a sign-in added stays. */
function permissionsIn(written: AttributeValue, row: { readonly permissions: readonly OwnPermission[] } | undefined) {
  const before = row?.permissions ?? [];
  const desired = textsOf(written);
  if (!desired) return before;
  const declared = desired.map((permission) => ({ permission, origin: "config" as const }));
  return [...declared, ...before.filter(({ origin }) => origin !== "config")];
}

function planGroup(change: PlannedOf<typeof group>, row: GroupFacts | undefined): GroupFacts {
  return { id: change.id, name: change.key, permissions: permissionsIn(writtenBy(change, "permissions"), row) };
}

function planProvider(change: PlannedOf<typeof oidcProvider>, row: ProviderFacts | undefined): ProviderFacts {
  return {
    id: change.id,
    identifier: change.key,
    issuer: textIn(change, "issuer", row?.issuer ?? null),
    formerIssuers: textsOf(writtenBy(change, "former_issuers")) ?? row?.formerIssuers ?? [],
    discoveryEndpoint: textIn(change, "discovery_endpoint", row?.discoveryEndpoint ?? null),
  };
}

type Ids = ReadonlyMap<string, string>;

function planClient(change: PlannedOf<typeof oidcClient>, row: ClientFacts | undefined, providerIds: Ids): ClientFacts {
  const provider = writtenBy(change, "provider");
  const options = writtenBy(change, "options");
  return {
    id: change.id,
    identifier: change.key,
    providerId: typeof provider === "string" ? (providerIds.get(provider) ?? "") : (row?.providerId ?? ""),
    isEnabled: flagIn(change, "enabled", row?.isEnabled ?? true),
    mapping: options === undefined && row ? row.mapping : readClaimMapping(options),
  };
}

function planUser(
  change: PlannedOf<typeof user>,
  row: UserFacts | undefined,
  { groupIds, providerIds }: { readonly groupIds: Ids; readonly providerIds: Ids },
): UserFacts {
  const desiredGroups = textsOf(writtenBy(change, "groups"));
  const ends = writtenBy(change, "groups_until");
  const memberships = planMemberships(desiredGroups, ends, row?.memberships ?? [], groupIds);
  const provider = writtenBy(change, "sign_in_provider");
  const providerId =
    typeof provider === "string" ? providerIds.get(provider) : provider === null ? undefined : row?.signIn?.providerId;
  const isSuperuser = flagIn(change, "is_superuser", row?.isSuperuser ?? false);
  return {
    id: change.id,
    username: change.key,
    isService: false,
    isActive: flagIn(change, "is_active", row?.isActive ?? true),
    isDeactivated: row?.isDeactivated ?? false,
    isStaff: flagIn(change, "is_staff", row?.isStaff ?? false),
    isSuperuser,
    isSuperuserByClaim: isSuperuser && row?.isSuperuserByClaim === true,
    hasPassword: row ? row.hasPassword : isSecret(writtenBy(change, "password")) || isUnknown(change, "password"),
    isPersonal: planPersonal(change, row),
    // A file whose `sign_in` names another person releases the link.
    link: writtenBy(change, "sign_in") === undefined ? (row?.link ?? null) : null,
    signIn:
      providerId === undefined
        ? null
        : { providerId, subject: textIn(change, "sign_in_subject", row?.signIn?.subject ?? null) },
    permissions: permissionsIn(writtenBy(change, "permissions"), row),
    memberships,
  };
}

/** What a file does not say of a name or address, only the row knows. */
function planPersonal({ attributes }: PlannedOf<typeof user>, row: UserFacts | undefined): boolean {
  const names = [attributes.email, attributes.first_name, attributes.last_name];
  if (names.some((name) => typeof name === "string" && name !== "")) return true;
  return names.includes(undefined) && row?.isPersonal === true;
}

/** The memberships that a file declares replace those of files. What it does not say of them, they keep. */
function planMemberships(
  names: readonly string[] | undefined,
  ends: AttributeValue,
  before: readonly Membership[],
  groupIds: Ids,
): readonly Membership[] {
  if (names === undefined && ends === undefined) return before;
  const declared = before.filter(({ origin }) => origin === "config");
  const untilOf = new Map(declared.map(({ groupId, until }) => [groupId, until]));
  if (typeof ends === "object" && ends !== null) {
    untilOf.clear();
    for (const [name, until] of Object.entries(ends)) untilOf.set(groupIds.get(name) ?? "", String(until));
  }
  const ids = names?.map((name) => groupIds.get(name) ?? "") ?? declared.map(({ groupId }) => groupId);
  const planned = ids.map((groupId) => ({ groupId, origin: "config" as const, until: untilOf.get(groupId) ?? null }));
  return [...planned, ...before.filter(({ origin }) => origin !== "config")];
}

/** Whether only a variable that is not set here has the value. */
function isUnknown({ fields }: Pick<Change, "fields">, name: string): boolean {
  return fields.some((field) => field.name === name && "unknown" in field);
}

/** Tokens with their service users, which come and go with them. */
function planTokens(
  before: AccessFacts,
  people: AccessFacts["users"],
  changes: readonly (PlannedOf<typeof apiToken> | Deletion)[],
): Pick<AccessFacts, "users" | "tokens"> {
  if (changes.length === 0) return { users: people, tokens: before.tokens };
  const users = new Map(people);
  const tokens = new Map(before.tokens);
  const idOf = userIds(people);
  for (const change of changes) {
    const row = before.tokens.get(change.id);
    const holder = row && before.users.get(row.userId);
    const service = holder?.isService ? holder : undefined;
    if (change.action === "delete") {
      tokens.delete(change.id);
      if (service) users.delete(service.id);
      continue;
    }
    const { user: named, permissions, allowed_ips: allowedIps } = change.attributes;
    const isNamed = named === undefined ? row !== undefined && !service : named !== null;
    if (isNamed && service) users.delete(service.id);
    const own = isNamed ? undefined : planServiceUser(change, service);
    if (own) users.set(own.id, own);
    const namedId = named === undefined || named === null ? row?.userId : idOf(named);
    const { isDisabled, isRevoked, policyEndMs } = planValue(change, row, before.revoked);
    tokens.set(change.id, {
      id: change.id,
      identifier: change.key,
      userId: own?.id ?? namedId ?? "",
      narrowedTo: isNamed
        ? (textsOf(permissions) ?? (permissions === undefined ? row?.narrowedTo : null) ?? null)
        : null,
      expiresAt: textIn(change, "expires_at", row?.expiresAt ?? null),
      validFrom: textIn(change, "valid_from", row?.validFrom ?? null),
      allowedIps: allowedIps === null ? null : (textsOf(allowedIps) ?? row?.allowedIps ?? null),
      rateLimit: textIn(change, "rate_limit", row?.rateLimit ?? null),
      isEnabled: flagIn(change, "enabled", row?.isEnabled ?? true),
      isDisabled,
      isRevoked,
      policyEndMs,
    });
  }
  return { users, tokens };
}

/**
 * Finds users by their names, which are only collected where a token names one. A token names no service user: one that goes may have
 * the name that a person gets.
 */
function userIds(people: AccessFacts["users"]): (username: string) => string | undefined {
  let ids: Ids | undefined;
  return (username) => {
    ids ??= new Map([...people.values()].flatMap((one) => (one.isService ? [] : [[one.username, one.id]])));
    return ids.get(username);
  };
}

function planServiceUser(change: PlannedOf<typeof apiToken>, row: UserFacts | undefined): UserFacts {
  return {
    // A new one gets an id when it is written: until then, that of its token, which no user has.
    id: row?.id ?? change.id,
    username: change.key,
    isService: true,
    isActive: row?.isActive ?? true,
    isDeactivated: row?.isDeactivated ?? false,
    isStaff: row?.isStaff ?? false,
    isSuperuser: change.attributes.is_superuser ?? row?.isSuperuser ?? false,
    isSuperuserByClaim: false,
    hasPassword: false,
    isPersonal: false,
    link: null,
    signIn: null,
    permissions: permissionsIn(change.attributes.permissions, row),
    memberships: row?.memberships ?? none,
  };
}

const none: readonly Membership[] = [];

/** A new value works whatever became of the one before, unless it was revoked itself. */
function planValue(
  change: PlannedOf<typeof apiToken>,
  row: TokenFacts | undefined,
  revoked: ReadonlySet<string>,
): Pick<TokenFacts, "isDisabled" | "isRevoked" | "policyEndMs"> {
  const written = writtenBy(change, "token");
  const isNew = isValue(written) || (!isValue(change.attributes.token) && flagIn(change, "generated", false));
  if (row && !isNew) return row;
  const digest = revoked.size === 0 ? undefined : digestOf(written);
  const isRevoked = digest !== undefined && revoked.has(digest);
  return { isDisabled: false, isRevoked, policyEndMs: Number.POSITIVE_INFINITY };
}

/** Whether it is a token's value or digest. */
function isValue(token: AttributeValue): boolean {
  return isSecret(token) || typeof token === "string";
}
