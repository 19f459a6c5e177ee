import { setupError } from "../errors.js";

/** @throws SetupError `MIGRATION_NEEDED` (refused) where a database that is to stay as it is lacks these migrations */
export function refuseBehind(pending: readonly string[]): void {
  if (pending.length === 0) return;
  throw setupError(
    "refused",
    "MIGRATION_NEEDED",
    `the database lacks the migrations ${pending.join(", ")}`,
    "run `vtb-setup migrate` as a role that may change tables, and then this again",
  );
}
