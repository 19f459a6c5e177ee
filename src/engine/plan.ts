import { completeResources } from "./complete.js";
import type { Configuration } from "./configuration.js";
import { lookAt, planAgainst } from "./look.js";
import type { RunOptions } from "./options.js";
import { refuse } from "./refuse.js";
import type { RunResult } from "./result.js";
import { beginRun } from "./run.js";
import { collectDiagnostics, refuseWarnings } from "./warnings.js";
import { withDatabase } from "./with-database.js";

/**
 * Tells what `apply` would do. Changes no byte of the database, and makes none where none is.
 *
 * @throws SetupError with every reason why it could not be done
 */
export async function plan(configuration: Configuration, options: RunOptions): Promise<RunResult> {
  const finish = beginRun("plan", options);
  const wanted = await completeResources(configuration, options);
  return withDatabase(options, "read", async (database) => {
    const look = database && (await lookAt(database, configuration, wanted, options));
    const { changes, unchanged, refusals } = look?.plan ?? planAgainst(configuration, wanted, options);
    refuse(configuration, refusals);
    const diagnostics = collectDiagnostics(configuration, database, look?.vault);
    refuseWarnings(options, diagnostics);
    return finish({
      outcome: changes.length === 0 ? "unchanged" : "planned",
      changes,
      unchanged,
      generated: [],
      diagnostics,
    });
  });
}
