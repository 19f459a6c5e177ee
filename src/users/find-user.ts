import { sql } from "kysely";
import type { Connection } from "../database/database.js";
import { parseList } from "../database/tables.js";
import type { ExternalIdentity } from "./external-identity.js";
import type { MappedClaims } from "./map-claims.js";
import { createLookalikes } from "./names.js";

const columns = [
  ...["id", "owner", "username", "email", "first_name", "last_name", "password_hash", "issuer", "subject"],
  ...["is_active", "is_staff", "is_superuser", "is_service", "claim_superuser"],
  ...["sign_in_provider_id", "sign_in_subject"],
] as const satisfies readonly string[];

export type UserRow = Awaited<ReturnType<typeof linkedUser>> & object;

/** Why the person gets no user. */
export interface UserRejection {
  readonly kind: "rejected";
  readonly reason:
    | "username_taken"
    | "username_ambiguous"
    | "username_confusable"
    | "username_of_service"
    /** That of a superuser with a password, which is for when the provider is unavailable. */
    | "username_of_emergency"
    /** Only a file's `sign_in` may link this user to a person, and none does. */
    | "sign_in_missing"
    /** The user's `sign_in` names another provider or subject. */
    | "sign_in_of_another"
    /** There is none, and none is created. */
    | "unknown_user";
}

export type FoundUser =
  /** `by`: linked to the issuer that the provider had before it moved. */
  | { readonly kind: "linked"; readonly user: UserRow; readonly by?: "former_issuer" }
  /** Nobody has signed in as this user before; a file's `sign_in` or the username allows this person to. */
  | { readonly kind: "unlinked"; readonly user: UserRow; readonly by: "sign_in" | "name" }
  | { readonly kind: "none" }
  | UserRejection;

/**
 * Finds the user of a person: the one that is linked to the same issuer and subject, whatever the username is now; otherwise the
 * one that is linked to the subject at a former issuer; otherwise the one whose `sign_in` names the subject; otherwise the one
 * with the username, if the person may become that user.
 *
 * @param providerId the provider of the client that the person signs in through
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
  // A name that only looks the same never gives access to an existing user.
  if (awaiting.length === 0 && !isPlain) return reject("username_confusable");
  if (user.is_service === 1) return reject("username_of_service");
  const isAwaitingAnew = awaiting.length > 0 && user.subject === identity.subject && providers.isGone(user.issuer);
  if ((user.issuer !== null || user.subject !== null) && !isAwaitingAnew) return reject("username_taken");
  if (awaiting.length > 0) return { kind: "unlinked", user, by: "sign_in" };
  if (identity.isClient && !looksLikeServiceAccount(user)) return reject("username_taken");
  return linkByName(user, providerId, providers);
}

/** A name is no proof: it links an ordinary user once, and a privileged one only where a file says so. */
function linkByName(user: UserRow, providerId: string, providers: Providers): FoundUser {
  if (user.sign_in_provider_id !== null) {
    const isMeant = user.sign_in_subject === null && providers.sameAs(providerId).includes(user.sign_in_provider_id);
    return isMeant ? { kind: "unlinked", user, by: "sign_in" } : reject("sign_in_of_another");
  }
  if (user.is_superuser === 1 && user.password_hash !== null) return reject("username_of_emergency");
  const isPrivileged = user.is_superuser === 1 || user.is_staff === 1;
  // With two providers, each may have a person with this name.
  return isPrivileged || providers.enabledCount > 1
    ? reject("sign_in_missing")
    : { kind: "unlinked", user, by: "name" };
}

/** A file may give a client a user; a client never becomes a person's user, even if that person has not signed in yet. */
function looksLikeServiceAccount(user: UserRow): boolean {
  const isPersonal = user.password_hash !== null || user.email + user.first_name + user.last_name !== "";
  return !isPersonal && user.is_staff === 0 && user.is_superuser === 0;
}

/**
 * People who read logs and grant permissions would mistake a user with almost an administrator's name for the administrator.
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
  /** The ids of all rows for the same provider: old files have one for each client. */
  readonly sameAs: (id: string) => readonly string[];
  /** How many different providers have an enabled client. */
  readonly enabledCount: number;
  /** The provider's former issuers, according to files. An issuer that a provider still has does not count. */
  readonly formerIssuersOf: (id: string) => readonly string[];
  /** Whether no provider has or had this issuer; false while not all issuers are known. */
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
  // Databases fold letters beyond ASCII differently: there the pattern accepts any, and the code below decides.
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
