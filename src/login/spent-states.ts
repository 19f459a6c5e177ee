import type { Database } from "../database/database.js";
import { cookieSeconds, digest } from "./login-state.js";
import type { Write } from "./write.js";

/** The states that were brought back, for all processes together: each counts once. */
export interface SpentStates {
  /** False where it was spent before. */
  readonly spend: (state: string) => Promise<boolean>;
  readonly isSpent: (state: string) => Promise<boolean>;
}

// Longer than a state can be brought back, so that a replay is told from a forgery.
const keepMs = 2 * cookieSeconds * 1000;

export function createSpentStates({ kysely }: Database, write: Write, now: () => number): SpentStates {
  return {
    spend: (state) =>
      write(async (tx) => {
        const nowMs = now();
        // A write first, so that two processes can't both go on.
        const spent = await tx
          .insertInto("login_states")
          .values({ digest: digest(state), expires_at: new Date(nowMs + keepMs).toISOString() })
          .onConflict((conflict) => conflict.column("digest").doNothing())
          .returning("digest")
          .executeTakeFirst();
        await tx.deleteFrom("login_states").where("expires_at", "<=", new Date(nowMs).toISOString()).execute();
        return spent !== undefined;
      }),
    isSpent: async (state) => {
      const row = kysely.selectFrom("login_states").select("digest").where("digest", "=", digest(state));
      return (await row.executeTakeFirst()) !== undefined;
    },
  };
}
