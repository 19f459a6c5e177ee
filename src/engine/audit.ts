import type { Transaction } from "kysely";
import type { Tables } from "../database/tables.js";
import { chunk } from "../kinds/chunk.js";
import type { Configuration } from "./configuration.js";
import type { ApplyOptions } from "./options.js";
import type { RunResult } from "./result.js";

/** One row for the run and one for each change: who, when, what; secrets are only named. */
export async function writeAudit(
  tx: Transaction<Tables>,
  configuration: Configuration,
  { actor, owner, version, now }: ApplyOptions,
  { run, changes }: RunResult,
): Promise<void> {
  await tx
    .insertInto("runs")
    .values({
      id: run.id,
      started_at: run.startedAt,
      finished_at: now().toISOString(),
      actor,
      owner,
      version,
      files: JSON.stringify(configuration.files),
    })
    .execute();
  const rows = changes.map(({ action, kind, key, id, fields }, sequence) => ({
    run_id: run.id,
    sequence,
    action,
    kind,
    key,
    resource_id: id,
    fields: JSON.stringify(fields),
  }));
  for (const batch of chunk(rows, 500)) await tx.insertInto("run_changes").values(batch).execute();
}
