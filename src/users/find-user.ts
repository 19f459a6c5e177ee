import { sql } from "kysely";
import type { Connection } from "../database/database.js";
import { parseList } from "../database/tables.js";
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

export type UserRow = Awaited<ReturnType<typeof linkedUser>> & object;

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

export type FoundUser =
  /** `by`: linked to a former issuer of the provider. */
  | { readonly kind: "linked"; readonly user: UserRow; readonly by?: "former_issuer" }
  /** The first sign-in as this user, which a file's `sign_in` or the username allows. */
  | { readonly kind: "unlinked"; readonly user: UserRow; readonly by: "sign_in" | "name" }
  | { readonly kind: "none" }
  | UserRejection;

/**
 * Finds the user of an identity: the one linked to its issuer and subject, regardless of the username; otherwise, the one linked to
 * the subject at a former issuer; otherwise, the one whose `sign_in` names the subject; otherwise, the one with the username, if it
 * may be linked by name.
 *
 * @param providerId the provider of the client that is used to sign in
 */
export async function findUser(
  db: Connection,
  identity: ExternalIdentity,
  mapped: MappedClaims,
  providerId: string,
): Promise<FoundUser> {
  const linked = await linkedUser(db, identity);
  if (linked) return { kind: "linked", user: linked };
  const providers = await readProviders(db);
  const moved = await linkedBefore(db, identity.subject, providers.formerIssuersOf(providerId));
  if (moved.length > 1) return reject("username_ambiguous");
  if (moved[0]) return { kind: "linked", user: moved[0], by: "former_issuer" };
  const awaiting = await usersAwaiting(db, identity.subject, providers.sameAs(providerId));
  const { name, skeleton, isPlain } = mapped.username;
  const found = awaiting.length > 0 ? awaiting : await usersNamed(db, name, mapped.isCaseSensitive);
  const [user] = found;
  if (!user) {
    const isLookalike = skeleton !== name && (await usersNamed(db, skeleton, mapped.isCaseSensitive)).length > 0;
    return isLookalike || (await looksPrivileged(db, name)) ? reject("username_confusable") : { kind: "none" };
  }
  if (found.length > 1) return reject("username_ambiguous");
  // A lookalike of a username never gives access to its user.
  if (awaiting.length === 0 && !isPlain) return reject("username_confusable");
  if (user.is_service === 1) return reject("username_of_service");
  const isAwaitingAnew = awaiting.length > 0 && user.subject === identity.subject && providers.isGone(user.issuer);
  if ((user.issuer !== null || user.subject !== null) && !isAwaitingAnew) return reject("username_taken");
  if (awaiting.length > 0) return { kind: "unlinked", user, by: "sign_in" };
  if (identity.isClient && !looksLikeServiceAccount(user)) return reject("username_taken");
  return linkByName(user, providerId, providers);
}

/** A name is no proof: it links an ordinary user once, but never a privileged one without a file's `sign_in`. */
function linkByName(user: UserRow, providerId: string, providers: Providers): FoundUser {
  if (user.sign_in_provider_id !== null) {
    const isMeant = user.sign_in_subject === null && providers.sameAs(providerId).includes(user.sign_in_provider_id);
    return isMeant ? { kind: "unlinked", user, by: "sign_in" } : reject("sign_in_of_another");
  }
  if (user.is_superuser === 1 && user.password_hash !== null) return reject("username_of_emergency");
  const isPrivileged = user.is_superuser === 1 || user.is_staff === 1;
  // With several providers, each may have a user with this name.
  return isPrivileged || providers.enabledCount > 1
    ? reject("sign_in_missing")
    : { kind: "unlinked", user, by: "name" };
}

/** A client may become a user from a file, but never a person's, even if that person has not signed in yet. */
function looksLikeServiceAccount(user: UserRow): boolean {
  const isPersonal = user.password_hash !== null || user.email + user.first_name + user.last_name !== "";
  return !isPersonal && user.is_staff === 0 && user.is_superuser === 0;
}

/**
 * Whether a username looks like that of an administrator, for whom readers of logs would mistake its user.
 *
 * @param exceptId the user that gets the name
 */
export async function looksPrivileged(db: Connection, name: string, exceptId?: string): Promise<boolean> {
  const rows = await db
    .selectFrom("users")
    .select(["id", "username"])
    .where((eb) => eb.or([eb("is_superuser", "=", 1), eb("is_staff", "=", 1)]))
    .execute();
  const privileged = rows.filter(({ id }) => id !== exceptId).map(({ username }) => username);
  const lookalikes = await createLookalikes([name, ...privileged]);
  for (const username of privileged) lookalikes.add(username);
  return lookalikes.find(name) !== undefined;
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

async function readProviders(db: Connection): Promise<Providers> {
  const rows = await db
    .selectFrom("oidc_providers as p")
    .leftJoin("oidc_clients as c", (join) => join.onRef("c.provider_id", "=", "p.id").on("c.enabled", "=", 1))
    .select(["p.id", "p.issuer", "p.discovery_endpoint", "p.former_issuers", "c.id as client_id"])
    .execute();
  const nameOf = (row: (typeof rows)[number]): string => row.issuer ?? row.discovery_endpoint ?? row.id;
  const names = new Map(rows.map((row) => [row.id, nameOf(row)]));
  const enabled = rows.filter(({ client_id: clientId }) => clientId !== null);
  const issuers = new Set(rows.map(({ issuer }) => issuer));
  const isSame = (row: (typeof rows)[number], id: string): boolean => nameOf(row) === names.get(id);
  return {
    sameAs: (id) => [...names].filter(([, name]) => name === names.get(id)).map(([other]) => other),
    formerIssuersOf: (id) => {
      const former = rows.filter((row) => isSame(row, id)).flatMap((row) => parseList(row.former_issuers));
      return [...new Set(former)].filter((issuer) => !issuers.has(issuer));
    },
    isGone: (issuer) =>
      issuer !== null &&
      !issuers.has(null) &&
      !issuers.has(issuer) &&
      !rows.some((row) => parseList(row.former_issuers).includes(issuer)),
    enabledCount: new Set(enabled.map(nameOf)).size,
  };
}

/** Users whose `sign_in` names this subject. */
function usersAwaiting(db: Connection, subject: string, providerIds: readonly string[]): Promise<readonly UserRow[]> {
  return db
    .selectFrom("users")
    .select(columns)
    .where("sign_in_provider_id", "in", providerIds)
    .where("sign_in_subject", "=", subject)
    .execute();
}

function linkedUser(db: Connection, { issuer, subject }: ExternalIdentity) {
  return db
    .selectFrom("users")
    .select(columns)
    .where("issuer", "=", issuer)
    .where("subject", "=", subject)
    .executeTakeFirst();
}

function linkedBefore(
  db: Connection,
  subject: string,
  issuers: readonly string[],
): Promise<readonly UserRow[]> | readonly UserRow[] {
  if (issuers.length === 0) return [];
  const query = db.selectFrom("users").select(columns).where("issuer", "in", issuers);
  return query.where("subject", "=", subject).execute();
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
