import type { Transaction } from "kysely";
import type { AccessFacts } from "../access/facts.js";
import {
  applyEntries,
  type Entries,
  type EntriesOptions,
  type EntriesWritten,
  keptSecret,
  type ReadyEntries,
  readEntries,
  type SecretDestination,
} from "../apply/entries.js";
import { anyTables, type Database, DatabaseError, readInPieces } from "../database/database.js";
import type { LockedResult, OnRollback } from "../database/lock.js";
import type { Tables } from "../database/tables.js";
import { type Diagnostic, SetupError } from "../errors.js";
import type { Resource, ResourceName } from "../plan/resource.js";
import { group, oidcClient, oidcProvider, user } from "../resources/kinds.js";
import { changeAs, type Demand } from "./authorize.js";
import type { Forbidden, Person } from "./person.js";
import { managedByFile, type RecordOptions, recordChanges } from "./record.js";

export { type Entries, type EntriesOptions, keptSecret, type ReadyEntries, type SecretDestination };

/** What is wrong with entries, or worth a look: for people who know files; a form finds its field by the path. */
export interface EntryDiagnostic extends Pick<Diagnostic, "severity" | "code" | "message" | "hint"> {
  /** Such as `["groups_config", "items", 0, "name"]`; empty where it is about all of them. */
  readonly path: readonly (string | number)[];
}

/** Nothing was changed. */
export interface InvalidEntries {
  readonly kind: "invalid";
  /** A provider did not answer, so that trying again may help. */
  readonly isUnavailable: boolean;
  /** The errors and refusals first. */
  readonly diagnostics: readonly EntryDiagnostic[];
}

interface EntriesChange extends Omit<EntriesWritten, "diagnostics"> {
  readonly kind: "changed";
  readonly diagnostics: readonly EntryDiagnostic[];
  /** Where nothing changed, none was recorded. */
  readonly runId: string;
}

/** Nothing was changed, since another person was first. */
export interface EntryConflict {
  readonly kind: "conflict";
  readonly entry: ResourceName;
  /** Another entry has the name of a new one, or the entry was changed or deleted meanwhile. */
  readonly state: "taken" | "changed" | "gone";
}

export type EntriesOutcome = EntriesChange | InvalidEntries | EntryConflict | Forbidden;

/**
 * Validates entries as those of a file, before the lock, since discovery takes long.
 *
 * @throws SetupError only for what is no mistake in the entries
 */
export async function prepareEntries(
  entries: Entries,
  options: EntriesOptions,
): Promise<{ readonly kind: "ready"; readonly entries: ReadyEntries } | InvalidEntries> {
  try {
    return { kind: "ready", entries: await readEntries(entries, options) };
  } catch (error) {
    return invalid(error);
  }
}

/** @throws any other error than one about entries */
function invalid(error: unknown): InvalidEntries {
  if (!(error instanceof SetupError) || !["invalid", "refused", "unavailable"].includes(error.reason)) throw error;
  // A database that does not answer is no mistake in the entries either.
  if (error instanceof DatabaseError) throw error;
  const isStop = ({ severity }: Diagnostic) => severity === "error" || severity === "refusal";
  const sorted = [...error.diagnostics].sort((one, other) => Number(isStop(other)) - Number(isStop(one)));
  return { kind: "invalid", isUnavailable: error.reason === "unavailable", diagnostics: sorted.map(toEntry) };
}

function toEntry({ severity, code, message, hint, path = "" }: Diagnostic): EntryDiagnostic {
  const parts = path === "" ? [] : path.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  return { severity, code, message, hint, path: parts };
}

/** How a form knew a row: null for one that it is to create. */
export interface ExpectedRow extends ResourceName {
  /** The row's `updated_at`. */
  readonly updatedAt: string | null;
}

export interface ChangeEntriesOptions extends RecordOptions {
  readonly database: Database;
  readonly env: EntriesOptions["env"];
  readonly onRollback: OnRollback;
  /** Refuses the change where another person was first. Without it, the entries win. */
  readonly expected?: readonly ExpectedRow[];
}

/**
 * Makes the database say what these entries say, as `apply` would, inside a transaction that holds the lock: with the same plan, checks
 * and writers. Nobody manages them then; what an owner manages is refused.
 */
export function changeEntries(
  tx: Transaction<Tables>,
  { entries }: { readonly entries: ReadyEntries },
  person: Person,
  options: ChangeEntriesOptions,
): Promise<LockedResult<EntriesOutcome>> {
  const { resources } = entries.configuration;
  const demand = (facts: AccessFacts) => demandOf(resources, facts);
  return changeAs(tx, person, demand, options, async (actor, facts): Promise<LockedResult<EntriesOutcome>> => {
    const found = await findRows(tx, entries);
    const refused = (await findManaged(tx, found)) ?? findConflict(found, options.expected ?? []);
    if (refused) return { commit: false, value: refused };
    const { database, env, onRollback, newId } = options;
    const now = () => new Date(options.now());
    let written: EntriesWritten;
    try {
      written = await applyEntries(tx, entries, { database, env, onRollback, newId, now, facts });
    } catch (error) {
      return { commit: false, value: invalid(error) };
    }
    const runId = await recordChanges(tx, actor, written.changes, options);
    const diagnostics = written.diagnostics.map(toEntry);
    return { commit: written.changes.length > 0, value: { kind: "changed", ...written, diagnostics, runId } };
  });
}

/** What these entries need. OpenID is for superusers alone: everything in it can grant rights. */
function demandOf(resources: readonly Resource[], facts: AccessFacts): Demand {
  const kinds = new Set(resources.map(({ kind }) => kind));
  const isOnly = (...names: readonly string[]) => [...kinds].every((kind) => names.includes(kind));
  if (isOnly(oidcProvider.name, oidcClient.name)) return { right: "superuser", fresh: true, bootstrap: "sign_in" };
  if (!isOnly(user.name, group.name)) return { right: "superuser", fresh: true };
  const keysOf = (kind: string) =>
    new Set(resources.flatMap((one) => (one.kind === kind ? [one.key, one.renamedFrom ?? one.key] : [])));
  const [usernames, names] = [keysOf(user.name), keysOf(group.name)];
  const groups = [...facts.groups.values()].filter(({ name }) => names.has(name));
  const ids = new Set(groups.map(({ id }) => id));
  const users = [...facts.users.values()].filter(
    ({ username, memberships }) => usernames.has(username) || memberships.some(({ groupId }) => ids.has(groupId)),
  );
  const before = groups.flatMap(({ permissions }) => permissions.map(({ permission }) => permission));
  return {
    right: "change_users",
    users: users.map(({ id }) => id),
    permissions: [...before, ...resources.flatMap(groupPermissions)],
    ...(isOnly(user.name) && { bootstrap: "administrator" }),
  };
}

function groupPermissions({ kind, attributes: { permissions } }: Resource): readonly string[] {
  if (kind !== group.name || !Array.isArray(permissions)) return [];
  return permissions.filter((permission) => typeof permission === "string");
}

interface FoundRow {
  readonly key: string;
  readonly owner: string | null;
  readonly updatedAt: string;
}

/** By kind. */
type FoundRows = ReadonlyMap<string, readonly FoundRow[]>;

/** The rows of these entries, also under their former names. */
async function findRows(
  tx: Transaction<Tables>,
  { configuration: { kinds, resources } }: ReadyEntries,
): Promise<FoundRows> {
  const found = new Map<string, readonly FoundRow[]>();
  for (const { name, table, keyColumn } of kinds) {
    const keys = resources.flatMap(({ kind, key, renamedFrom }) =>
      kind === name ? [key, ...(renamedFrom === undefined ? [] : [renamedFrom])] : [],
    );
    const query = anyTables(tx).selectFrom(table).select([keyColumn, "owner", "updated_at"]);
    const rows = await readInPieces(keys, (some) => query.where(keyColumn, "in", some).execute());
    found.set(
      name,
      rows.map((row) => {
        const owner = row.owner === null ? null : String(row.owner);
        return { key: String(row[keyColumn]), owner, updatedAt: String(row.updated_at) };
      }),
    );
  }
  return found;
}

/** Those of the entries that files of one owner manage, the first that is found. */
function findManaged(tx: Transaction<Tables>, found: FoundRows): Promise<Forbidden> | undefined {
  for (const [kind, rows] of found) {
    const owner = rows.find((row) => row.owner !== null)?.owner;
    if (owner === null || owner === undefined) continue;
    const managed = rows.filter((row) => row.owner === owner).map(({ key }) => ({ kind, key }));
    return managedByFile(tx, owner, managed);
  }
  return undefined;
}

function findConflict(found: FoundRows, expected: readonly ExpectedRow[]): EntryConflict | undefined {
  for (const { kind, key, updatedAt } of expected) {
    const row = found.get(kind)?.find((one) => one.key === key);
    if ((row?.updatedAt ?? null) === updatedAt) continue;
    const state = row === undefined ? "gone" : updatedAt === null ? "taken" : "changed";
    return { kind: "conflict", entry: { kind, key }, state };
  }
  return undefined;
}
