import { completeResources } from "./complete.js";
import type { Configuration } from "./configuration.js";
import { runDefaults } from "./defaults.js";
import { lookFirst } from "./look.js";
import type { RunOptions } from "./options.js";
import type { RunResult } from "./result.js";
import { beginRun } from "./run.js";
import { refuseUnstorable } from "./storable.js";

/**
 * Tells what `apply` would do. Changes no byte of the database, and makes none where none is.
 *
 * @throws SetupError with every reason why it could not be done
 */
export async function plan(configuration: Configuration, given: Partial<RunOptions> = {}): Promise<RunResult> {
  const options = { ...runDefaults(), ...given };
  const finish = beginRun("plan", options);
  const wanted = await completeResources(configuration, options);
  refuseUnstorable(configuration, wanted);
  const { changes, unchanged, diagnostics } = await lookFirst(configuration, wanted, options);
  const outcome = changes.length === 0 ? "unchanged" : "planned";
  return finish({ outcome, changes, unchanged, generated: [], diagnostics });
}
