import { type Selectable, sql } from "kysely";
import type { Connection } from "../database/database.js";
import { parseList, type Tables } from "../database/tables.js";
import type { MaybePromise } from "../maybe-promise.js";
import type { ExternalIdentity } from "./external-identity.js";
import type { MappedClaims } from "./map-claims.js";
import { createLookalikes } from "./names.js";

const columns = [
  "id",
  "owner",
  "username",
  "email",
  "first_name",
  "last_name",
  "password_hash",
  "issuer",
  "subject",
  "is_active",
  "deactivated_at",
  "is_staff",
  "is_superuser",
  "is_service",
  "claim_superuser",
  "sign_in_provider_id",
  "sign_in_subject",
] as const satisfies readonly string[];

export type UserRow = Pick<Selectable<Tables["users"]>, (typeof columns)[number]>;

/** Why an identity gets no user. */
export interface UserRejection {
  readonly kind: "rejected";
  readonly reason:
    | "username_taken"
    | "username_ambiguous"
    | "username_confusable"
    | "username_of_service"
    /** The username of a superuser with a password, for when the provider is unavailable. */
    | "username_of_emergency"
    /** Only a file's `sign_in` can link this user, and none does. */
    | "sign_in_missing"
    /** The user's `sign_in` names another provider or subject. */
    | "sign_in_of_another"
    /** There is no user, and none may be created. */
    | "unknown_user";
}

export type FoundUser<User = UserRow> =
  /** `by`: linked to a former issuer of the provider. */
  | { readonly kind: "linked"; readonly user: User; readonly by?: "former_issuer" }
  /** The first sign-in as this user, which a file's `sign_in` or the username allows. */
  | { readonly kind: "unlinked"; readonly user: User; readonly by: "sign_in" | "name" }
  | { readonly kind: "none" }
  | UserRejection;

/** Where to look for users: in a database, or among the facts of a planned one. */
export interface UserSource<User> {
  readonly providers: () => MaybePromise<readonly ProviderRow[]>;
  /** Linked to this subject of one of the issuers. */
  readonly linked: (subject: string, issuers: readonly string[]) => MaybePromise<readonly User[]>;
  /** Whose `sign_in` names this subject of one of the providers. */
  readonly awaiting: (subject: string, providerIds: readonly string[]) => MaybePromise<readonly User[]>;
  readonly named: (name: string, isCaseSensitive: boolean) => MaybePromise<readonly User[]>;
  /** The usernames of superusers and staff. */
  readonly privileged: () => MaybePromise<readonly string[]>;
  readonly candidateOf: (user: User) => Candidate;
}

/** What decides whether an identity may become a user. */
interface Candidate {
  readonly isService: boolean;
  readonly isStaff: boolean;
  readonly isSuperuser: boolean;
  readonly hasPassword: boolean;
  /** Has an address or a name. */
  readonly isPersonal: boolean;
  readonly issuer: string | null;
  readonly subject: string | null;
  readonly signInProviderId: string | null;
  readonly signInSubject: string | null;
}

/**
 * Finds the user of an identity: the one linked to its issuer and subject, regardless of the username; otherwise, the one linked to
 * the subject at a former issuer; otherwise, the one whose `sign_in` names the subject; otherwise, the one with the username, if it
 * may be linked by name.
 *
 * @param providerId the provider of the client that is used to sign in
 */
export function findUser(
  db: Connection,
  identity: ExternalIdentity,
  mapped: MappedClaims,
  providerId: string,
): Promise<FoundUser> {
  return findUserIn(usersIn(db), identity, mapped, providerId);
}

/** {@link findUser} in any source. */
export async function findUserIn<User>(
  source: UserSource<User>,
  identity: ExternalIdentity,
  mapped: MappedClaims,
  providerId: string,
): Promise<FoundUser<User>> {
  const [linked] = await source.linked(identity.subject, [identity.issuer]);
  if (linked) return { kind: "linked", user: linked };
  const providers = readProviders(await source.providers());
  const formerIssuers = providers.formerIssuersOf(providerId);
  const moved = formerIssuers.length > 0 ? await source.linked(identity.subject, formerIssuers) : [];
  if (moved.length > 1) return reject("username_ambiguous");
  if (moved[0]) return { kind: "linked", user: moved[0], by: "former_issuer" };
  const awaiting = await source.awaiting(identity.subject, providers.sameAs(providerId));
  const { name, skeleton, isPlain } = mapped.username;
  const found = awaiting.length > 0 ? awaiting : await source.named(name, mapped.isCaseSensitive);
  const [user] = found;
  if (!user) {
    const isLookalike = skeleton !== name && (await source.named(skeleton, mapped.isCaseSensitive)).length > 0;
    const isConfusable = isLookalike || (await looksLikeOneOf(name, await source.privileged()));
    return isConfusable ? reject("username_confusable") : { kind: "none" };
  }
  if (found.length > 1) return reject("username_ambiguous");
  // A lookalike of a username never gives access to its user.
  if (awaiting.length === 0 && !isPlain) return reject("username_confusable");
  const candidate = source.candidateOf(user);
  if (candidate.isService) return reject("username_of_service");
  const { issuer, subject } = candidate;
  const isAwaitingAnew = awaiting.length > 0 && subject === identity.subject && providers.isGone(issuer);
  if ((issuer !== null || subject !== null) && !isAwaitingAnew) return reject("username_taken");
  if (awaiting.length > 0) return { kind: "unlinked", user, by: "sign_in" };
  if (identity.isClient && !looksLikeServiceAccount(candidate)) return reject("username_taken");
  const link = linkByName(candidate, providerId, providers);
  return typeof link === "string" ? { kind: "unlinked", user, by: link } : link;
}

/** A name is no proof: it links an ordinary user once, but never a privileged one without a file's `sign_in`. */
function linkByName(
  { signInProviderId, signInSubject, isSuperuser, isStaff, hasPassword }: Candidate,
  providerId: string,
  providers: Providers,
): "sign_in" | "name" | UserRejection {
  if (signInProviderId !== null) {
    const isMeant = signInSubject === null && providers.sameAs(providerId).includes(signInProviderId);
    return isMeant ? "sign_in" : reject("sign_in_of_another");
  }
  if (isSuperuser && hasPassword) return reject("username_of_emergency");
  // With several providers, each may have a user with this name.
  return isSuperuser || isStaff || providers.enabledCount > 1 ? reject("sign_in_missing") : "name";
}

/** A client may become a user from a file, but never a person's, even if that person has not signed in yet. */
function looksLikeServiceAccount({ hasPassword, isPersonal, isStaff, isSuperuser }: Candidate): boolean {
  return !hasPassword && !isPersonal && !isStaff && !isSuperuser;
}

/**
 * Whether a username looks like that of an administrator, for whom readers of logs would mistake its user.
 *
 * @param exceptId the user that gets the name
 */
export async function looksPrivileged(db: Connection, name: string, exceptId: string): Promise<boolean> {
  const rows = await privilegedUsers(db);
  return looksLikeOneOf(
    name,
    rows.filter(({ id }) => id !== exceptId).map(({ username }) => username),
  );
}

async function looksLikeOneOf(name: string, privileged: readonly string[]): Promise<boolean> {
  const lookalikes = await createLookalikes([name, ...privileged]);
  for (const username of privileged) lookalikes.add(username);
  return lookalikes.find(name) !== undefined;
}

/** A provider, once for each of its enabled clients, and once where it has none. */
interface ProviderRow {
  readonly id: string;
  readonly issuer: string | null;
  readonly discoveryEndpoint: string | null;
  readonly formerIssuers: readonly string[];
  readonly hasClient: boolean;
}

interface Providers {
  /** The ids of all rows of the same provider: files in the old format have one for each client. */
  readonly sameAs: (id: string) => readonly string[];
  /** The number of different providers with an enabled client. */
  readonly enabledCount: number;
  /** The provider's former issuers in files, except those that a provider still has. */
  readonly formerIssuersOf: (id: string) => readonly string[];
  /** Whether no provider has or had this issuer; false while an issuer is unknown. */
  readonly isGone: (issuer: string | null) => boolean;
}

function readProviders(rows: readonly ProviderRow[]): Providers {
  const nameOf = (row: ProviderRow): string => row.issuer ?? row.discoveryEndpoint ?? row.id;
  const names = new Map(rows.map((row) => [row.id, nameOf(row)]));
  const issuers = new Set(rows.map(({ issuer }) => issuer));
  const isSame = (row: ProviderRow, id: string): boolean => nameOf(row) === names.get(id);
  return {
    sameAs: (id) => [...names].filter(([, name]) => name === names.get(id)).map(([other]) => other),
    formerIssuersOf: (id) => {
      const former = rows.filter((row) => isSame(row, id)).flatMap(({ formerIssuers }) => formerIssuers);
      return [...new Set(former)].filter((issuer) => !issuers.has(issuer));
    },
    isGone: (issuer) =>
      issuer !== null &&
      !issuers.has(null) &&
      !issuers.has(issuer) &&
      !rows.some(({ formerIssuers }) => formerIssuers.includes(issuer)),
    enabledCount: new Set(rows.filter(({ hasClient }) => hasClient).map(nameOf)).size,
  };
}

function usersIn(db: Connection): UserSource<UserRow> {
  const users = db.selectFrom("users").select(columns);
  return {
    providers: async () => {
      const rows = await db
        .selectFrom("oidc_providers as p")
        .leftJoin("oidc_clients as c", (join) => join.onRef("c.provider_id", "=", "p.id").on("c.enabled", "=", 1))
        .select(["p.id", "p.issuer", "p.discovery_endpoint", "p.former_issuers", "c.id as client_id"])
        .execute();
      return rows.map((row) => ({
        id: row.id,
        issuer: row.issuer,
        discoveryEndpoint: row.discovery_endpoint,
        formerIssuers: parseList(row.former_issuers),
        hasClient: row.client_id !== null,
      }));
    },
    linked: (subject, issuers) => users.where("issuer", "in", issuers).where("subject", "=", subject).execute(),
    awaiting: (subject, providerIds) =>
      users.where("sign_in_provider_id", "in", providerIds).where("sign_in_subject", "=", subject).execute(),
    named: (name, isCaseSensitive) => usersNamed(db, name, isCaseSensitive),
    privileged: async () => (await privilegedUsers(db)).map(({ username }) => username),
    candidateOf: (row) => ({
      isService: row.is_service === 1,
      isStaff: row.is_staff === 1,
      isSuperuser: row.is_superuser === 1,
      hasPassword: row.password_hash !== null,
      isPersonal: row.email + row.first_name + row.last_name !== "",
      issuer: row.issuer,
      subject: row.subject,
      signInProviderId: row.sign_in_provider_id,
      signInSubject: row.sign_in_subject,
    }),
  };
}

function privilegedUsers(db: Connection) {
  return db
    .selectFrom("users")
    .select(["id", "username"])
    .where((eb) => eb.or([eb("is_superuser", "=", 1), eb("is_staff", "=", 1)]))
    .execute();
}

export async function usersNamed(db: Connection, name: string, isCaseSensitive: boolean): Promise<readonly UserRow[]> {
  const query = db.selectFrom("users").select(columns);
  if (isCaseSensitive) return query.where("username", "=", name).execute();
  // Databases lower non-ASCII letters differently, so the pattern accepts any, and the code below decides.
  const pattern = name
    .toLowerCase()
    .replace(/[%_\\]/g, "\\$&")
    .replace(/[^\x20-\x7e]/gu, "_");
  const rows = await query.where(sql<boolean>`lower(username) like ${pattern} escape '\\'`).execute();
  return rows.filter(({ username }) => username.toLowerCase() === name.toLowerCase());
}

function reject(reason: UserRejection["reason"]): UserRejection {
  return { kind: "rejected", reason };
}
