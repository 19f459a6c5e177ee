import { sql } from "kysely";
import type { Connection } from "../database/database.js";
import type { Person } from "./person.js";
import type { Profile } from "./profile.js";

const columns = [
  ...["id", "username", "email", "first_name", "last_name", "password_hash", "issuer", "subject"],
  ...["is_active", "is_staff", "is_superuser", "is_service", "claim_superuser"],
] as const satisfies readonly string[];

export type UserRow = Awaited<ReturnType<typeof linkedUser>> & object;

/** Why the person gets no user, in a word. */
export interface UserFault {
  readonly kind: "fault";
  readonly reason:
    | "username_taken"
    | "username_ambiguous"
    | "username_confusable"
    | "username_of_service"
    /** That of a superuser with a password, who is there for when the provider is not. */
    | "username_of_emergency"
    /** There is none, and none is made. */
    | "unknown_user";
}

export type FoundUser =
  | { readonly kind: "linked" | "unlinked"; readonly user: UserRow }
  | { readonly kind: "none" }
  | UserFault;

/**
 * The user of a person: the one who is linked to the same issuer and subject, whatever the username has become; otherwise the
 * one with the username, if nobody else is linked to it yet.
 */
export async function findUser(db: Connection, person: Person, profile: Profile): Promise<FoundUser> {
  const linked = await linkedUser(db, person);
  if (linked) return { kind: "linked", user: linked };
  const { name, skeleton, isPlain } = profile.username;
  const found = await usersNamed(db, name, profile.isCaseSensitive);
  const [user] = found;
  if (!user) {
    const isLookalike = skeleton !== name && (await usersNamed(db, skeleton, profile.isCaseSensitive)).length > 0;
    return isLookalike ? fault("username_confusable") : { kind: "none" };
  }
  if (found.length > 1) return fault("username_ambiguous");
  // Nobody becomes an existing user by a name that only looks the same.
  if (!isPlain) return fault("username_confusable");
  if (user.is_service === 1) return fault("username_of_service");
  if (user.issuer !== null || user.subject !== null) return fault("username_taken");
  if (user.is_superuser === 1 && user.password_hash !== null) return fault("username_of_emergency");
  return person.isClient && !looksLikeServiceAccount(user) ? fault("username_taken") : { kind: "unlinked", user };
}

/** A client may be given a user in a file; it never becomes a person's, even one who has not signed in yet. */
function looksLikeServiceAccount(user: UserRow): boolean {
  const isPersonal = user.password_hash !== null || user.email + user.first_name + user.last_name !== "";
  return !isPersonal && user.is_staff === 0 && user.is_superuser === 0;
}

function linkedUser(db: Connection, { issuer, subject }: Person) {
  return db
    .selectFrom("users")
    .select(columns)
    .where("issuer", "=", issuer)
    .where("subject", "=", subject)
    .executeTakeFirst();
}

async function usersNamed(db: Connection, name: string, isCaseSensitive: boolean): Promise<readonly UserRow[]> {
  const query = db.selectFrom("users").select(columns);
  if (isCaseSensitive) return query.where("username", "=", name).execute();
  // Databases differ in how they fold letters beyond ASCII: there any will do, and the rest is decided here.
  const pattern = name
    .toLowerCase()
    .replace(/[%_\\]/g, "\\$&")
    .replace(/[^\x20-\x7e]/gu, "_");
  const rows = await query.where(sql<boolean>`lower(username) like ${pattern} escape '\\'`).execute();
  return rows.filter(({ username }) => username.toLowerCase() === name.toLowerCase());
}

function fault(reason: UserFault["reason"]): UserFault {
  return { kind: "fault", reason };
}
