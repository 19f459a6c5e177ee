import { completeResources } from "./complete.js";
import type { Configuration } from "./configuration.js";
import { runDefaults } from "./defaults.js";
import { lookFirst, rehearse } from "./look.js";
import type { RunOptions } from "./options.js";
import type { RunResult } from "./result.js";
import { beginRun } from "./run.js";
import { requireCodes, requireOwner } from "./severity.js";
import { refuseUnstorable } from "./storable.js";
import { awaitReferences } from "./wait.js";

/**
 * Tells what `apply` would do. Changes no byte of the database, and makes none where none is.
 *
 * @throws SetupError with every reason why it could not be done
 */
export async function plan(declared: Configuration, given: Partial<RunOptions> = {}): Promise<RunResult> {
  const options = { ...runDefaults(), ...given };
  requireCodes(options);
  requireOwner(options);
  const finish = beginRun("plan", options);
  const configuration = await completeResources(declared, options);
  const { resources: wanted } = configuration;
  refuseUnstorable(configuration, wanted);
  return awaitReferences(options, async (left) => {
    const input = { configuration, wanted, options: left };
    const first = await lookFirst(input);
    const look = first.kind === "behind" ? await rehearse(input, first) : first;
    const { changes, unchanged, undeclared, diagnostics } = look;
    const migrations = first.kind === "behind" && first.state === "older" ? first.pending : [];
    const outcome = changes.length + migrations.length === 0 ? "unchanged" : "planned";
    return finish({ outcome, migrations, changes, unchanged, undeclared, generated: [], diagnostics });
  });
}
