import type { Transaction } from "kysely";
import { writeRun } from "../database/journal.js";
import type { Tables } from "../database/tables.js";
import type { Configuration } from "./configuration.js";
import type { ApplyOptions } from "./options.js";
import type { RunResult } from "./result.js";

/** Records a run and its changes: secrets are only named. */
export async function writeAudit(
  tx: Transaction<Tables>,
  { files }: Configuration,
  { actor, owner, version, now }: ApplyOptions,
  { run: { id, startedAt }, changes }: RunResult,
): Promise<void> {
  const finishedAt = now().toISOString();
  await writeRun(tx, { id, startedAt, finishedAt, actor, owner, version, files }, changes);
}
