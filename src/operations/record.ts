import type { Transaction } from "kysely";
import { type ChangeRecord, writeRun } from "../database/journal.js";
import type { Tables } from "../database/tables.js";
import { version } from "../version.js";

export interface RecordOptions {
  readonly now: () => number;
  readonly newId: () => string;
}

/** Who did what to which token, in the same place as the runs that wrote configuration. */
export async function recordTokenChange(
  tx: Transaction<Tables>,
  actor: string,
  change: Omit<ChangeRecord, "kind">,
  { now, newId }: RecordOptions,
): Promise<void> {
  const at = new Date(now()).toISOString();
  // No file and no configuration owner had a part in it.
  const run = { id: newId(), startedAt: at, finishedAt: at, actor, owner: "", version, files: [] };
  await writeRun(tx, run, [{ kind: "api_token", ...change }]);
}
