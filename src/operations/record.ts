import type { Transaction } from "kysely";
import type { RunTimes } from "../apply/run.js";
import type { RunThrough, Tables } from "../database/tables.js";
import { type ChangeRecord, writeRun } from "../database/write-rows.js";
import { version } from "../version.js";

/** Who does something. */
export interface Actor {
  /** As the program knows: `jan@host` of an operating system, or `login:` and a username. */
  readonly actor: string;
  /** Whom the actor says to act for, which nobody has checked. */
  readonly claimedActor?: string | undefined;
}

export interface RecordOptions {
  readonly now: () => number;
  readonly newId: () => string;
  readonly through: RunThrough;
}

/**
 * Records who did what to which tokens, in the same tables as the runs that wrote configuration. Nothing is recorded where
 * nothing changed.
 *
 * @returns the run's id
 */
export async function recordTokenChanges(
  tx: Transaction<Tables>,
  { actor, claimedActor }: Actor,
  changes: readonly ChangeRecord[],
  { now, newId, through }: RecordOptions,
): Promise<string> {
  const at = new Date(now()).toISOString();
  const id = newId();
  const run = { id, startedAt: at, finishedAt: at, actor, claimedActor, through, version };
  if (changes.length > 0) await writeRun(tx, run, changes);
  return id;
}

/** Records what one command did to the whole database, once its result is known. */
export function recordRun(
  tx: Transaction<Tables>,
  { command: through, run: { id, startedAt } }: { readonly command: RunThrough; readonly run: RunTimes },
  { actor, claimedActor, now }: Actor & { readonly now: () => Date },
  change: ChangeRecord,
): Promise<void> {
  const finishedAt = now().toISOString();
  return writeRun(tx, { id, startedAt, finishedAt, actor, claimedActor, through, version }, [change]);
}
