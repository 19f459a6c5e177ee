import type { Connection } from "../database/database.js";
import { parseList, type RunThrough } from "../database/tables.js";
import { isActiveUser } from "../users/principal.js";
import { heldPermissions } from "./create-token.js";
import { readToken, type TokenDetails } from "./list-tokens.js";
import type { Managed } from "./person.js";
import { lastRunOf } from "./record.js";

/** Everything that is known of a token, but its value. */
export interface TokenInContext {
  readonly token: TokenDetails;
  readonly user: {
    readonly id: string;
    readonly isActive: boolean;
    /** It exists for this token alone. */
    readonly isService: boolean;
  };
  /** It has a generated value, so that it can get another one. */
  readonly isGenerated: boolean;
  readonly access: TokenPermissions;
  /** Null where that was before it was recorded. */
  readonly made: TokenOrigin | null;
  /** What files say of it; null for what no file manages. */
  readonly managed: Omit<Managed, "entries"> | null;
}

/** What a token may. */
export type TokenPermissions =
  /** All there is: its user is a superuser. */
  | { readonly kind: "everything" }
  | {
      /** Everything of its user; a part of that, by name; or those of the user that exists for it. */
      readonly kind: "of_user" | "narrowed" | "service";
      readonly permissions: readonly NamedPermission[];
    };

interface NamedPermission {
  readonly name: string;
  /** The token's user has it, so that the token has it as well. */
  readonly isHeld: boolean;
}

/** Who made a token, and through what. */
export interface TokenOrigin {
  readonly actor: string;
  readonly claimedActor: string | null;
  readonly through: RunThrough | null;
  /** Of the run that made it; empty where it was made by hand. */
  readonly files: readonly string[];
}

/** One token with its user and its origin; undefined where there is none with this identifier. */
export async function readTokenInContext(
  db: Connection,
  identifier: string,
  nowMs: number,
): Promise<TokenInContext | undefined> {
  const token = await readToken(db, identifier, nowMs);
  const row = await db
    .selectFrom("api_tokens")
    .innerJoin("users", "users.id", "api_tokens.user_id")
    .select(["api_tokens.id", "user_id", "generated", "permissions", "is_service", isActiveUser().as("is_active")])
    .where("identifier", "=", identifier)
    .executeTakeFirst();
  if (!token || !row) return undefined;
  const held = await heldPermissions(db, row.user_id, new Date(nowMs).toISOString());
  const isService = row.is_service === 1;
  return {
    token,
    user: { id: row.user_id, isActive: row.is_active === 1, isService },
    isGenerated: row.generated === 1,
    access: accessOf(token.isSuperuser, row.permissions === null ? null : parseList(row.permissions), isService, held),
    made: await readOrigin(db, row.id),
    managed: token.owner === null ? null : { owner: token.owner, ...(await lastRunOf(db, token.owner)) },
  };
}

function accessOf(
  isSuperuser: boolean,
  narrowedTo: readonly string[] | null,
  isService: boolean,
  held: readonly string[],
): TokenPermissions {
  if (narrowedTo !== null) {
    const permissions = narrowedTo.map((name) => ({ name, isHeld: isSuperuser || held.includes(name) }));
    return { kind: "narrowed", permissions };
  }
  if (isSuperuser) return { kind: "everything" };
  const permissions = [...held].sort().map((name) => ({ name, isHeld: true }));
  return { kind: isService ? "service" : "of_user", permissions };
}

async function readOrigin(db: Connection, tokenId: string): Promise<TokenOrigin | null> {
  const run = await db
    .selectFrom("run_changes")
    .innerJoin("runs", "runs.id", "run_changes.run_id")
    .select(["actor", "claimed_actor", "through", "files"])
    .where("resource_id", "=", tokenId)
    .where("action", "=", "create")
    .executeTakeFirst();
  if (!run) return null;
  const files: readonly { readonly file: string }[] = JSON.parse(run.files);
  return {
    actor: run.actor,
    claimedActor: run.claimed_actor,
    through: run.through,
    files: files.map(({ file }) => file),
  };
}
