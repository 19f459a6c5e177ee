import { setupError } from "../errors.js";
import { pendingMigrations } from "./migrate.js";
import { coreMigrations } from "./migrations.js";

/**
 * A database that another version has migrated may mean something else by the same rows.
 *
 * @param applied undefined where it has no tables yet
 * @throws SetupError `DATABASE_NEWER` (refused), `DATABASE_OLDER` (unavailable)
 */
export function requireMigrated(applied: ReadonlySet<string> | undefined): void {
  if (pendingMigrations(coreMigrations, applied).length === 0) return;
  throw setupError(
    "unavailable",
    "DATABASE_OLDER",
    "the database was not prepared by this version of vtb-setup yet",
    "run `vtb-setup apply` of this version first",
  );
}
