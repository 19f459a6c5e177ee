import type { LiveDatabase } from "../database/live-database.js";
import { type Eventual, follow } from "../eventual.js";
import { type GrantRow, grantsOf, selectGrants } from "./grants.js";
import type { Grants } from "./principal.js";

/** A user as it is now. */
export type UserLookup =
  | { readonly kind: "active"; readonly grants: Grants }
  | { readonly kind: "inactive"; readonly username: string }
  | { readonly kind: "unknown" };

/** Gives a look-up of users by their id. */
export function prepareUserLookup(database: LiveDatabase): (id: string) => Eventual<UserLookup> {
  const read = database.prepare<GrantRow>(
    database.kysely.selectFrom("users").select(selectGrants(database)).where("users.id", "=", "").compile(),
  );
  return (id) => follow(read(id), readRow);
}

function readRow(row: GrantRow | undefined): UserLookup {
  if (!row) return { kind: "unknown" };
  const [, username, isActive] = row;
  return isActive === 1 ? { kind: "active", grants: grantsOf(row) } : { kind: "inactive", username };
}
