import type { LockingOptions } from "../../apply/options.js";
import { withDatabase } from "../../apply/run.js";
import { requireTables } from "../../database/migrate.js";
import { type KeyOptions, type Keys, loadKeys } from "../../secrets/key.js";
import { type JournalCheck, type JournalHead, verifyJournal } from "./verify.js";

/**
 * Checks the journal of a database as it is at one moment, with the sealing keys that are at hand.
 *
 * @param kept a head that was kept elsewhere
 * @throws SetupError where the database or a configured key can't be read
 */
export function checkJournal(options: LockingOptions, kept: JournalHead | undefined): Promise<JournalCheck> {
  return withDatabase(options, "read", async (found) => {
    const { kysely, keyFile } = await requireTables(found);
    const keys = findKeys({ env: options.env, keyFile });
    // All pages of one moment, whatever is written meanwhile.
    const moment = kysely.transaction().setIsolationLevel("repeatable read");
    return moment.execute((tx) => verifyJournal(tx, keys, kept));
  });
}

/** The sealing keys; undefined where none is configured, which is no mistake where nothing is sealed. */
function findKeys({ env, keyFile }: Pick<KeyOptions, "env" | "keyFile">): Keys | undefined {
  const isNamed = env.VTB_SETUP_KEY || env.VTB_SETUP_KEY_FILE || keyFile !== undefined;
  return isNamed ? loadKeys({ env, keyFile, mode: "read" })?.keys : undefined;
}
