import { migrate } from "../apply/migrate.js";
import type { LockingOptions } from "../apply/options.js";
import { withDatabase } from "../apply/run.js";
import { requireTables } from "../database/migrate.js";
import type { Diagnostic } from "../errors.js";
import { Secret } from "../secrets/secret.js";
import { openVault } from "../secrets/vault.js";

export interface PreparedDatabase {
  /** The names of the migrations that were run, in order. */
  readonly migrations: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Creates what a server needs that `apply` creates otherwise: the database, its tables, and for a database file the sealing key beside
 * it. Writes nothing where nothing is missing.
 *
 * @throws SetupError as `apply` does, also where the sealing key is missing or another one
 */
export async function prepareDatabase(options: LockingOptions): Promise<PreparedDatabase> {
  const { migrations, diagnostics } = await migrate(options);
  const ofKey = await withDatabase(options, "read", async (found) => {
    const { kysely, keyFile } = await requireTables(found);
    const state = await kysely.selectFrom("setup_state").select("key_id").executeTakeFirst();
    const vault = openVault({ env: options.env, keyFile, storedKeyId: state?.key_id ?? null });
    // Only its use loads the key.
    vault.seal(new Secret(""), "nothing");
    return vault.diagnostics();
  });
  return { migrations, diagnostics: [...diagnostics, ...ofKey] };
}
