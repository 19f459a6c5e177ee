import type { Transaction } from "kysely";
import type { RunTimes } from "../apply/run.js";
import type { Connection } from "../database/database.js";
import type { SignRun } from "../database/journal-chain.js";
import type { RunThrough, Tables } from "../database/tables.js";
import { type ChangeRecord, writeRun } from "../database/write-rows.js";
import type { ResourceName } from "../plan/resource.js";
import { version } from "../version.js";
import type { Forbidden, Managed } from "./person.js";

/** Who does something. */
export interface Actor {
  /** As the program knows: `jan@host` of an operating system, or `login:` and a username. */
  readonly actor: string;
  /** The id of that user, where the program has checked who it is. */
  readonly actorUserId?: string | undefined;
  /** Whom the actor says to act for, which nobody has checked. */
  readonly claimedActor?: string | undefined;
}

export interface RecordOptions {
  readonly now: () => number;
  readonly newId: () => string;
  readonly through: RunThrough;
  readonly sign: SignRun;
}

/** What a command did to entries of one kind. */
export interface EntriesChanged {
  readonly kind: "changed";
  /** One for each entry that changed; empty where nothing was to be done. */
  readonly changes: readonly ChangeRecord[];
  /** The names of entries that were so already. */
  readonly unchanged: readonly string[];
  readonly runId: string;
}

/** Nothing was changed: no entry has the names at these positions, counted from 1. */
export interface UnknownNames {
  readonly kind: "unknown_names";
  readonly positions: readonly number[];
}

/** The positions, counted from 1, of the names that no entry has. */
export function unknownNames(names: readonly string[], found: ReadonlyMap<string, unknown>): UnknownNames | undefined {
  const positions = names.flatMap((name, index) => (found.has(name) ? [] : [index + 1]));
  return positions.length > 0 ? { kind: "unknown_names", positions } : undefined;
}

/** The answer to a person who wants to change what only the files of an owner change. */
export async function managedByFile(
  db: Connection,
  owner: string,
  entries: readonly ResourceName[],
): Promise<Forbidden> {
  return { kind: "forbidden", reason: "managed_by_file", owner, entries, ...(await lastRunOf(db, owner)) };
}

/** An owner's last run that changed something: its files, and when it was; null where none is known. */
export async function lastRunOf(db: Connection, owner: string): Promise<Pick<Managed, "files" | "appliedAt">> {
  const runs = await db
    .selectFrom("runs")
    .select(["owner", "files", "finished_at"])
    // A run for several owners names each on a line.
    .where((eb) => eb.or([eb("owner", "=", owner), eb("owner", "like", "%\n%")]))
    .orderBy("started_at", "desc")
    .execute();
  const run = runs.find((row) => row.owner.split("\n").includes(owner));
  const files: readonly { readonly file: string; readonly owner?: string }[] = JSON.parse(run?.files ?? "[]");
  const own = files.filter((file) => (file.owner ?? owner) === owner).map(({ file }) => file);
  return { files: own, appliedAt: run?.finished_at ?? null };
}

/**
 * Records who did what to which entries, in the same tables as the runs that wrote configuration. Nothing is recorded where
 * nothing changed.
 *
 * @returns the run's id
 */
export async function recordChanges(
  tx: Transaction<Tables>,
  { actor, actorUserId, claimedActor }: Actor,
  changes: readonly ChangeRecord[],
  { now, newId, through, sign }: RecordOptions,
): Promise<string> {
  const at = new Date(now()).toISOString();
  const id = newId();
  const run = { id, startedAt: at, finishedAt: at, actor, actorUserId, claimedActor, through, version };
  if (changes.length > 0) await writeRun(tx, run, changes, sign);
  return id;
}

/** Records what one command did to the whole database, once its result is known. */
export function recordRun(
  tx: Transaction<Tables>,
  { command: through, run: { id, startedAt } }: { readonly command: RunThrough; readonly run: RunTimes },
  { actor, claimedActor, now }: Actor & { readonly now: () => Date },
  change: ChangeRecord,
  sign: SignRun,
): Promise<void> {
  const finishedAt = now().toISOString();
  return writeRun(tx, { id, startedAt, finishedAt, actor, claimedActor, through, version }, [change], sign);
}
