import type { Transaction } from "kysely";
import type { Connection, Database } from "../database/database.js";
import type { SignRun } from "../database/journal-chain.js";
import { type LockedResult, withLock } from "../database/lock.js";
import type { Tables } from "../database/tables.js";
import { type ChangeRecord, writeRun } from "../database/write-rows.js";
import { SetupError } from "../errors.js";
import { version } from "../version.js";
import { type ClaimsAge, readAppliedClaims, type Standing, standingOf, writeAppliedClaims } from "./applied-claims.js";
import { type CurrentGroups, changeUser, type UserChange } from "./change-user.js";
import type { ExternalIdentity } from "./external-identity.js";
import { findUser, type UserRejection, type UserRow } from "./find-user.js";
import type { ClaimNote, MappedClaims } from "./map-claims.js";
import { personalFields } from "./names.js";
import { findRenaming, isNamed, type KeptNameReason, type Renaming, writeUser } from "./write-user.js";

export interface ProvisionOptions {
  /** Only read. */
  readonly database: Database;
  /** The same database for writing; only used when something must be written. */
  readonly writer: { readonly use: <T>(work: (database: Database) => Promise<T>) => Promise<T> };
  /** In milliseconds. */
  readonly now: () => number;
  readonly newId: () => string;
  readonly sleep: (ms: number) => Promise<void>;
  /** The maximum time to wait for another writer. */
  readonly lockTimeoutMs: number;
  /** The actor in the record of changes, such as `sign-in:api-oidc`. */
  readonly actor: string;
  /** The row ids of the client that is used to sign in, and of its provider. */
  readonly clientId: string;
  readonly providerId: string;
  /** The age of the claims. */
  readonly age: ClaimsAge;
  readonly sign: SignRun;
  /** Whether to create a missing user. */
  readonly createsUsers: boolean;
}

/** `former_issuer`: the user was linked to a former issuer of the provider. */
type LinkedBy = "sign_in" | "name" | "former_issuer";

interface ProvisionedUser {
  readonly kind: "user";
  readonly userId: string;
  /** The database's revision of the read, or after the write. */
  readonly revision: number;
  readonly isWritten: boolean;
  /** True if newer claims were already applied, so these changed nothing. */
  readonly isStale: boolean;
  /** False if these claims could not be stored as the newest. */
  readonly isNewest: boolean;
  /** What linked the identity to an existing user, at the first sign-in. */
  readonly linkedBy?: LinkedBy | undefined;
  /** Whether the user got a new username from the claims, if there is one. */
  readonly renaming?: Renaming | undefined;
}

/** What claims changed, or could not change, for a log. */
export type ProvisionEvent = { readonly client: string; readonly userId: string } & (
  | ClaimNote
  /** Newer claims were already applied: these were accepted, and changed nothing. */
  | { readonly kind: "claims_stale" }
  /** The first sign-in as an existing user, linked by a file's `sign_in`, by username or by a former issuer. */
  | { readonly kind: "user_linked"; readonly by: LinkedBy }
  /** The username at the provider changed; the user got the new one, or kept the old one because the new one is taken. */
  | { readonly kind: "user_renamed" }
  | { readonly kind: "username_kept"; readonly reason: KeptNameReason }
  | { readonly kind: "user_written" }
);

/** @param client the identifier of the client that is used to sign in */
export function reportProvisioned(
  client: string,
  { notes }: MappedClaims,
  { userId, isStale, linkedBy, renaming, isWritten }: ProvisionedUser,
  report: (event: ProvisionEvent) => void,
): void {
  for (const note of notes) report({ ...note, client, userId });
  if (isStale) report({ kind: "claims_stale", client, userId });
  if (linkedBy) report({ kind: "user_linked", client, userId, by: linkedBy });
  if (renaming?.kind === "renamed") report({ kind: "user_renamed", client, userId });
  if (renaming?.kind === "kept") report({ kind: "username_kept", client, userId, reason: renaming.reason });
  if (isWritten) report({ kind: "user_written", client, userId });
}

/**
 * Creates or updates the user that claims describe, in one short transaction if anything must change. Claims that are older than
 * the last applied ones change nothing. The user may be inactive: the caller must check that.
 *
 * @throws SetupError `DATABASE_LOCKED` (unavailable) when another writer does not finish in time
 */
export async function provisionUser(
  identity: ExternalIdentity,
  mapped: MappedClaims,
  options: ProvisionOptions,
): Promise<ProvisionedUser | UserRejection> {
  const { database, writer, now, newId, sleep, lockTimeoutMs } = options;
  // Read first, so that everything else is at least as new.
  const revision = await readRevision(database.kysely);
  const look = () => compare(database.kysely, identity, mapped, options);
  const first = await look();
  // Another process may have created the user between the queries.
  const seen = first.kind === "rejected" ? await look() : first;
  if (seen.kind === "rejected") return seen;
  if (!seen.user && !options.createsUsers) return unknownUser;
  const { user, change, standing } = seen;
  if (user && (standing === "older" || (!change && standing === "same"))) return unwritten(user, seen, revision);
  const write = (timeoutMs: number) => {
    const lock = { timeoutMs, sleep, now, newId, hasTables: true };
    return writer.use((open) => withLock(open, lock, (tx) => provisionUnderLock(tx, identity, mapped, options)));
  };
  if (!user || change) return write(lockTimeoutMs);
  // The user already matches the claims, so they are accepted even if the write is not possible.
  return write(Math.min(lockTimeoutMs, briefTimeoutMs)).catch((error: unknown) => {
    if (error instanceof SetupError && error.reason !== "internal") {
      return { ...unwritten(user, seen, revision), isNewest: false };
    }
    throw error;
  });
}

/** Compares again, since another process may have changed the user. */
async function provisionUnderLock(
  tx: Transaction<Tables>,
  identity: ExternalIdentity,
  mapped: MappedClaims,
  options: ProvisionOptions,
): Promise<LockedResult<ProvisionedUser | UserRejection>> {
  const { now, newId, actor, createsUsers, clientId, age, sign } = options;
  const seen = await compare(tx, identity, mapped, options);
  if (seen.kind === "rejected") return { commit: false, value: seen };
  const { user: before, change, standing, applied, linkedBy, renaming } = seen;
  if (!before && !createsUsers) return { commit: false, value: unknownUser };
  if (before && (standing === "older" || !change)) {
    const isNewer = standing === "newer";
    if (isNewer) {
      const givenName = isNamed(before.username, mapped) ? before.username : undefined;
      await writeAppliedClaims(tx, { userId: before.id, clientId }, age, applied, givenName);
    }
    // The lock incremented the revision, but nothing that readers cache has changed.
    const revision = (await readRevision(tx)) - 1;
    await tx.updateTable("setup_state").set({ revision }).execute();
    return { commit: isNewer, value: unwritten(before, seen, revision) };
  }
  const desired = change ?? nothing;
  const newName = renaming?.kind === "renamed" ? renaming.name : undefined;
  const username = newName ?? before?.username ?? mapped.username.name;
  const at = new Date(now()).toISOString();
  const { userId, createdGroups } = await writeUser(tx, desired, { userId: before?.id, username, now: at, newId });
  const givenName = isNamed(username, mapped) ? username : undefined;
  await writeAppliedClaims(tx, { userId, clientId }, age, applied, givenName);
  const user = { id: userId, username };
  await recordSignIn(tx, { id: newId(), actor, now: at, before, user, change: desired, createdGroups }, sign);
  const written = { isWritten: true, isStale: false, isNewest: true, linkedBy, renaming };
  return { commit: true, value: { kind: "user", userId, revision: await readRevision(tx), ...written } };
}

function unwritten(user: UserRow, { change, standing, renaming }: Comparison, revision: number): ProvisionedUser {
  const isStale = standing === "older" && change !== undefined;
  const isNewest = standing !== "older";
  const kept = renaming?.kind === "kept" && isNewest ? { renaming } : {};
  return { kind: "user", userId: user.id, revision, isWritten: false, isStale, isNewest, ...kept };
}

// Long enough for the writes of other requests.
const briefTimeoutMs = 250;
const unknownUser: UserRejection = { kind: "rejected", reason: "unknown_user" };
const nothing: UserChange = { fields: {}, join: [], create: [], leave: [], groups: undefined };

interface Comparison {
  readonly kind: "compared";
  readonly user: UserRow | undefined;
  readonly change: UserChange | undefined;
  readonly linkedBy: LinkedBy | undefined;
  readonly renaming: Renaming | undefined;
  readonly applied: Awaited<ReturnType<typeof readAppliedClaims>>;
  readonly standing: Standing;
}

async function compare(
  db: Connection,
  identity: ExternalIdentity,
  mapped: MappedClaims,
  { providerId, clientId, age }: ProvisionOptions,
): Promise<Comparison | UserRejection> {
  const found = await findUser(db, identity, mapped, providerId);
  if (found.kind === "rejected") return found;
  const user = found.kind === "none" ? undefined : found.user;
  const linkedBy = found.kind === "none" ? undefined : found.by;
  const groups = await readGroupsOf(db, user?.id, mapped);
  // Claims that were applied before a link ended are another identity's.
  const isLinked = found.kind === "linked";
  const own = isLinked ? mapped : { ...mapped, isPartial: false };
  const applied = isLinked ? await readAppliedClaims(db, { userId: found.user.id, clientId }) : undefined;
  const standing = standingOf(age, applied);
  const renaming = user && (await findRenaming(db, user, mapped, applied?.username));
  const change = changeUser(user, groups, identity, own, renaming?.kind === "renamed" ? renaming.name : undefined);
  return { kind: "compared", user, linkedBy, change, applied, standing, renaming };
}

async function readGroupsOf(db: Connection, userId: string | undefined, mapped: MappedClaims): Promise<CurrentGroups> {
  const desired = mapped.groups.map(({ name }) => name);
  const existing =
    desired.length > 0
      ? await db.selectFrom("groups").select(["id", "name"]).where("name", "in", desired).execute()
      : [];
  const claimed =
    userId === undefined
      ? []
      : await db
          .selectFrom("user_groups")
          .innerJoin("groups", "groups.id", "user_groups.group_id")
          .select(["groups.id", "groups.name"])
          .where("user_groups.user_id", "=", userId)
          .where("user_groups.origin", "=", "claim")
          .execute();
  return { existing: byName(existing), claimed: byName(claimed) };
}

function byName(rows: readonly { readonly id: string; readonly name: string }[]): ReadonlyMap<string, string> {
  return new Map(rows.map(({ id, name }) => [name, id]));
}

/** The revision, which every meaningful change increments. */
export async function readRevision(db: Connection): Promise<number> {
  const state = await db.selectFrom("setup_state").select("revision").where("id", "=", 1).executeTakeFirst();
  return state?.revision ?? 0;
}

interface SignInRecord {
  readonly id: string;
  /** Such as `sign-in:api-oidc`. */
  readonly actor: string;
  /** ISO 8601, UTC. */
  readonly now: string;
  /** The user before the change; undefined for a new one. */
  readonly before: UserRow | undefined;
  readonly user: { readonly id: string; readonly username: string };
  readonly change: UserChange;
  /** Groups that were created for the user. */
  readonly createdGroups: readonly { readonly id: string; readonly name: string }[];
}

/** Flags are recorded with their values, personal data only by field name. */
const flags = ["is_active", "is_staff", "is_superuser"] as const;

/** Records what a sign-in changed, in the same tables as runs of `apply`. */
async function recordSignIn(tx: Connection, record: SignInRecord, sign: SignRun): Promise<void> {
  const { id, actor, now, user, change, createdGroups } = record;
  const changes: readonly ChangeRecord[] = [
    ...createdGroups.map((group) => ({
      action: "create" as const,
      kind: "group",
      key: group.name,
      id: group.id,
      fields: [],
    })),
    {
      action: record.before ? "update" : "create",
      kind: "user",
      key: user.username,
      id: user.id,
      fields: fieldsOf(record.before, change),
    },
  ];
  await writeRun(tx, { id, startedAt: now, finishedAt: now, actor, through: "sign-in", version }, changes, sign);
}

function fieldsOf(before: UserRow | undefined, { fields, groups }: UserChange): ChangeRecord["fields"] {
  return [
    ...(before && fields.username !== undefined
      ? [{ name: "key", before: before.username, after: fields.username }]
      : []),
    ...personalFields.filter((name) => Object.hasOwn(fields, name)).map((name) => ({ name, sensitive: true })),
    ...flags
      .filter((name) => Object.hasOwn(fields, name))
      .map((name) => ({ name, before: before ? before[name] === 1 : null, after: fields[name] === 1 })),
    ...(groups ? [{ name: "claim_groups", ...groups }] : []),
  ];
}
