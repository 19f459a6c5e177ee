import type { Transaction } from "kysely";
import type { AccessFacts } from "../access/facts.js";
import {
  type Entries,
  type EntriesOptions,
  type EntriesWritten,
  keptSecret,
  type ReadyEntries,
  readEntries,
  writeEntries,
} from "../apply/entries.js";
import { anyTables, type Database, DatabaseError } from "../database/database.js";
import type { LockedResult, OnRollback } from "../database/lock.js";
import type { Tables } from "../database/tables.js";
import { type Diagnostic, SetupError } from "../errors.js";
import type { ResourceName } from "../plan/resource.js";
import { oidcClient, oidcProvider } from "../resources/kinds.js";
import { changeAs, type Demand } from "./authorize.js";
import type { Forbidden, Managed, Person } from "./person.js";
import { lastRunOf, type RecordOptions, recordChanges } from "./record.js";

export { type Entries, type EntriesOptions, keptSecret, type ReadyEntries };

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

export interface EntriesChange extends Omit<EntriesWritten, "diagnostics"> {
  readonly kind: "changed";
  readonly diagnostics: readonly EntryDiagnostic[];
  /** Where nothing changed, none was recorded. */
  readonly runId: string;
}

export type EntriesOutcome = EntriesChange | InvalidEntries | Forbidden;

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

export interface ChangeEntriesOptions extends RecordOptions {
  readonly database: Database;
  readonly env: EntriesOptions["env"];
  readonly onRollback: OnRollback;
  /** What it needs beside what its kinds need: OpenID is for superusers with a recent sign-in. */
  readonly demand?: (facts: AccessFacts) => Partial<Demand>;
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
  const named = entries.configuration.resources.map(({ kind, key }) => ({ kind, key }));
  const isOpenId = named.some(({ kind }) => kind === oidcProvider.name || kind === oidcClient.name);
  const usual: Demand = isOpenId
    ? { right: "superuser", fresh: true, bootstrap: "sign_in" }
    : { right: "change_users" };
  const demand = (facts: AccessFacts): Demand => ({ ...usual, ...options.demand?.(facts) });
  return changeAs(tx, person, demand, options, async (actor, facts): Promise<LockedResult<EntriesOutcome>> => {
    const managed = await findManaged(tx, entries, named);
    if (managed) return { commit: false, value: { kind: "forbidden", reason: "managed_by_file", ...managed } };
    const { database, env, onRollback, newId } = options;
    const now = () => new Date(options.now());
    let written: EntriesWritten;
    try {
      written = await writeEntries(tx, entries, { database, env, onRollback, newId, now, facts });
    } catch (error) {
      return { commit: false, value: invalid(error) };
    }
    const runId = await recordChanges(tx, actor, written.changes, options);
    const diagnostics = written.diagnostics.map(toEntry);
    return { commit: written.changes.length > 0, value: { kind: "changed", ...written, diagnostics, runId } };
  });
}

/** Those of the entries that files of one owner manage, the first that is found. */
async function findManaged(
  tx: Transaction<Tables>,
  { configuration: { kinds } }: ReadyEntries,
  named: readonly ResourceName[],
): Promise<Managed | undefined> {
  for (const { name, table, keyColumn } of kinds) {
    const keys = named.flatMap(({ kind, key }) => (kind === name ? [key] : []));
    if (keys.length === 0) continue;
    const rows = await anyTables(tx)
      .selectFrom(table)
      .select([keyColumn, "owner"])
      .where(keyColumn, "in", keys)
      .execute();
    const owner = rows.find((row) => row.owner !== null)?.owner;
    if (typeof owner !== "string") continue;
    const entries = rows
      .filter((row) => row.owner === owner)
      .map((row) => ({ kind: name, key: String(row[keyColumn]) }));
    return { entries, owner, ...(await lastRunOf(tx, owner)) };
  }
  return undefined;
}
