import type { Transaction } from "kysely";
import { lostAdministrators } from "../access/administrators.js";
import { lastAdministrator } from "../access/guards.js";
import { readAccessFacts } from "../access/read-facts.js";
import { chunk, readInPieces } from "../database/database.js";
import type { LockedResult } from "../database/lock.js";
import type { Tables } from "../database/tables.js";
import type { Diagnostic } from "../errors.js";
import {
  type Actor,
  type EntriesChanged,
  lastRunOf,
  type RecordOptions,
  recordChanges,
  type UnknownNames,
  unknownNames,
} from "./record.js";

/** A user that a command was given. */
export type FoundUser = Awaited<ReturnType<typeof findUsers>>[number];

/** What was done to one user; without fields, nothing. */
interface UserChanged {
  readonly user: FoundUser;
  readonly fields: readonly object[];
}

/** What a command did to users, and what its caller should know about it. */
interface UsersChanged extends EntriesChanged {
  readonly notes: readonly Diagnostic[];
}

/** Nothing was changed: the users at these positions, counted from 1, exist for one API token each. */
interface ServiceUsers {
  readonly kind: "service_users";
  readonly positions: readonly number[];
}

/** Nothing was changed: this user is not what the command is for. */
export interface UserRefused {
  readonly kind: "refused";
  readonly refusal: Pick<Diagnostic, "code" | "message" | "hint">;
}

export type UsersOutcome = UsersChanged | UnknownNames | ServiceUsers | UserRefused;

/** One thing that a command does to users. */
export interface UserOperation {
  /** It can take away the last way to sign in as an administrator, and is refused then. */
  readonly mayLockOut?: true;
  /** Refuses what must not be done to one of them, before anything is. */
  readonly check?: (tx: Transaction<Tables>, users: readonly FoundUser[]) => Promise<UserRefused | undefined>;
  /** Does it, and says what became of each user. */
  readonly run: (tx: Transaction<Tables>, users: readonly FoundUser[], now: string) => Promise<readonly UserChanged[]>;
  /** What to know about what was done. */
  readonly notes?: (changed: readonly FoundUser[]) => readonly Diagnostic[];
}

/** How users are changed, and which guard may be passed. */
export interface ChangeUsersOptions extends RecordOptions {
  readonly allowsLastAdministrator: boolean;
}

/**
 * Changes users inside a transaction that holds the lock: all of them, or none where one is refused. Also those that a file
 * manages, where that takes access away.
 *
 * @param names undefined for all users
 */
export async function changeUsers(
  tx: Transaction<Tables>,
  names: readonly string[] | undefined,
  operation: UserOperation,
  actor: Actor,
  options: ChangeUsersOptions,
): Promise<LockedResult<UsersOutcome>> {
  const before = operation.mayLockOut ? await readAccessFacts(tx) : undefined;
  const done = await runUserOperation(tx, names, operation, actor, options);
  const { value } = done;
  const former = before && value.kind === "changed" ? lostAdministrators(before, await readAccessFacts(tx)) : undefined;
  if (!former || value.kind !== "changed") return done;
  if (!options.allowsLastAdministrator) {
    return { commit: false, value: { kind: "refused", refusal: lastAdministrator(former) } };
  }
  const warning = { severity: "warning", ...lastAdministrator(former) } as const;
  return { ...done, value: { ...value, notes: [warning, ...value.notes] } };
}

/** Changes users as {@link changeUsers} does, for a caller that looks itself at what becomes of administrators. */
export async function runUserOperation(
  tx: Transaction<Tables>,
  names: readonly string[] | undefined,
  operation: UserOperation,
  actor: Actor,
  options: RecordOptions,
): Promise<LockedResult<UsersOutcome>> {
  const users = await findUsers(tx, names);
  const refused = refuseNames(names, users) ?? (await operation.check?.(tx, users));
  if (refused) return { commit: false, value: refused };
  const done = await operation.run(tx, users, new Date(options.now()).toISOString());
  const changed = done.filter(({ fields }) => fields.length > 0);
  const changes = changed.map(({ user: { id, username }, fields }) => ({
    action: "update" as const,
    kind: "user",
    key: username,
    id,
    fields,
  }));
  const isChanged = new Set(changed.map(({ user }) => user.id));
  const unchanged = names === undefined ? [] : users.filter(({ id }) => !isChanged.has(id));
  const runId = await recordChanges(tx, actor, changes, options);
  const notes = operation.notes?.(changed.map(({ user }) => user)) ?? [];
  return {
    commit: changes.length > 0,
    value: { kind: "changed", changes, unchanged: unchanged.map(({ username }) => username), runId, notes },
  };
}

function refuseNames(
  names: readonly string[] | undefined,
  users: readonly FoundUser[],
): UnknownNames | ServiceUsers | undefined {
  if (names === undefined) return undefined;
  const byName = new Map(users.map((user) => [user.username, user]));
  const services = names.flatMap((name, index) => (byName.get(name)?.is_service === 1 ? [index + 1] : []));
  return (
    unknownNames(names, byName) ?? (services.length > 0 ? { kind: "service_users", positions: services } : undefined)
  );
}

/** The users with these names, or all, sorted by name. */
async function findUsers(tx: Transaction<Tables>, names: readonly string[] | undefined) {
  const query = tx
    .selectFrom("users")
    .select(["id", "username", "owner", "is_active", "is_staff", "is_superuser", "is_service", "claim_superuser"])
    .select(["issuer", "subject", "sign_in_provider_id", "sign_in_subject", "deactivated_at"]);
  const found = await readInPieces(names && [...new Set(names)], (some) =>
    (some ? query.where("username", "in", some) : query).execute(),
  );
  return found.toSorted((one, other) => (one.username < other.username ? -1 : 1));
}

/** Ends the login sessions of these users. Returns how many each had. */
export async function endSessions(
  tx: Transaction<Tables>,
  users: readonly FoundUser[],
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const batch of chunk(users, 500)) {
    const ids = batch.map(({ id }) => id);
    const ended = await tx.deleteFrom("login_sessions").where("user_id", "in", ids).returning("user_id").execute();
    for (const { user_id: id } of ended) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

/** The field of a change by which sessions ended; none where there were none. */
export function endedSessions(count: number | undefined): readonly object[] {
  return count === undefined ? [] : [{ name: "sessions", before: count, after: 0 }];
}

/** The files that an owner's last run had, in parentheses; empty where that is not known. */
export async function inFiles(tx: Transaction<Tables>, owner: string): Promise<string> {
  const { files } = await lastRunOf(tx, owner);
  return files.length > 0 ? ` (${files.join(", ")})` : "";
}
