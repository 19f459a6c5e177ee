import { sql } from "kysely";
import { SetupError } from "../errors.js";
import { isFailure } from "./database.js";
import type { DatabaseState, LiveDatabase, PoolUsage } from "./live-database.js";

/** A database, as it was when it was asked. Times are ISO 8601, UTC. */
export interface DatabaseStatus {
  /** Whether it answered just now, and this version supports it. */
  readonly isReachable: boolean;
  /** Counts up with every meaningful change. Undefined where it did not answer. */
  readonly revision?: number;
  /**
   * The last run, command or sign-in in its record. Undefined where nothing is recorded, the role can't read the record, or it did
   * not answer.
   */
  readonly lastRun?: { readonly id: string; readonly at: string };
  /** The latest failure, also where it answers again. */
  readonly lastFailure?: { readonly code: string; readonly message: string; readonly at: string };
  /** The pools of connections to a server; none for a database file. */
  readonly pools: readonly PoolUsage[];
}

interface SeenDatabase<T> {
  readonly database: DatabaseStatus;
  /** What was read of it; undefined where it did not answer. */
  readonly read: T | undefined;
}

type RunRow = readonly [id: string, at: string];

/**
 * Prepares looking at a database. A look rejects with no error of the database, since its failure is what the status shows.
 *
 * @param read reads what else there is to see in it
 */
export function prepareDatabaseStatus<T>(
  database: LiveDatabase,
  read: (state: DatabaseState) => Promise<T>,
): () => Promise<SeenDatabase<T>> {
  // A run is recorded with its changes, whose time has an index.
  const lastChange = database.prepare<RunRow>(
    database.kysely
      .selectFrom("run_changes")
      .select(["run_id", "recorded_at"])
      .orderBy("recorded_at", "desc")
      .limit(sql.lit(1))
      .compile(),
    // A busy program is ready all the same.
    { isUrgent: true },
  );

  const readLastRun = async (): Promise<RunRow | undefined> => {
    try {
      return await lastChange();
    } catch (error) {
      // A role for the verifier alone need not have it.
      if (isFailure(error, "forbidden") || isFailure(error, "table_missing")) return undefined;
      throw error;
    }
  };

  return async () => {
    // The look needs a connection itself.
    const pools = database.pools();
    const seen = await look();
    const outage = database.lastOutage();
    const diagnostic = outage?.error.diagnostics[0];
    return {
      read: seen?.read,
      database: {
        isReachable: seen !== undefined,
        ...(seen && { revision: seen.state.revision }),
        ...(seen?.run && { lastRun: { id: seen.run[0], at: seen.run[1] } }),
        ...(outage &&
          diagnostic && {
            lastFailure: {
              code: diagnostic.code,
              message: diagnostic.message,
              at: new Date(outage.atMs).toISOString(),
            },
          }),
        pools,
      },
    };
  };

  async function look() {
    try {
      const state = await database.changes.current();
      return { state, run: await readLastRun(), read: await read(state) };
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      return undefined;
    }
  }
}
