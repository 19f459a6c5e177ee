import type { Connection } from "../database/database.js";
import { looksPrivileged, type UserRow, usersNamed } from "./find-user.js";
import type { Profile } from "./mapped-claims.js";

/** What becomes of the name of a user whose claims name the person otherwise than before. */
export type Renaming =
  | { readonly kind: "renamed"; readonly name: string }
  /** The user keeps the old name. */
  | { readonly kind: "kept"; readonly reason: NameFault };

export type NameFault = "username_taken" | "username_confusable";

/**
 * Looks if a user gets another name; undefined where not. Only a name that these very claims gave is changed by them: another
 * client may read the username from another claim. Names that a file knows the user by stay.
 *
 * @param givenName the name that the client's claims gave the user last; null or undefined where they did not
 */
export async function findRenaming(
  db: Connection,
  user: UserRow,
  profile: Profile,
  givenName: string | null | undefined,
): Promise<Renaming | undefined> {
  const { name, skeleton, isPlain } = profile.username;
  if (user.owner !== null || user.is_active === 0 || givenName !== user.username) return undefined;
  if (isNamed(user.username, profile) || (await isNamedByToken(db, user.id))) return undefined;
  const isTaken = async (wanted: string): Promise<boolean> =>
    (await usersNamed(db, wanted, profile.isCaseSensitive)).some(({ id }) => id !== user.id);
  if (await isTaken(name)) return { kind: "kept", reason: "username_taken" };
  const isConfusable =
    !isPlain || (skeleton !== name && (await isTaken(skeleton))) || (await looksPrivileged(db, name, user.id));
  return isConfusable ? { kind: "kept", reason: "username_confusable" } : { kind: "renamed", name };
}

/** Whether claims call a user by the name that it has. */
export function isNamed(username: string, { username: { name }, isCaseSensitive }: Profile): boolean {
  return isCaseSensitive ? username === name : username.toLowerCase() === name.toLowerCase();
}

/** A file's `user` at an API token finds it by its name. */
async function isNamedByToken(db: Connection, userId: string): Promise<boolean> {
  const query = db.selectFrom("api_tokens").select("id").where("user_id", "=", userId).where("owner", "is not", null);
  return (await query.limit(1).executeTakeFirst()) !== undefined;
}
