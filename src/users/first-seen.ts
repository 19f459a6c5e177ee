import type { Database } from "../database/database.js";
import type { Writer } from "../database/live-database.js";

export interface FirstSeenOptions {
  /** Only read. */
  readonly database: Database;
  readonly writer: Pick<Writer, "use">;
  /** In milliseconds. */
  readonly now: () => number;
}

// Longer than a token is left unused.
const keptMs = 7 * 24 * 3_600_000;

/**
 * When any process first saw a token that does not say when it was issued, in milliseconds. It is written down, so that the
 * token is as old in another process and after a restart; it is forgotten when the token has not come for a week.
 */
export async function whenFirstSeen(token: string, { database, writer, now }: FirstSeenOptions): Promise<number> {
  const nowMs = now();
  const known = await readSeen(database, token);
  if (known && Date.parse(known.expires_at) - nowMs > keptMs / 2) return Date.parse(known.seen_at);
  const at = new Date(nowMs).toISOString();
  const expiry = { expires_at: new Date(nowMs + keptMs).toISOString() };
  await writer.use(async (open) => {
    try {
      await open.kysely.deleteFrom("seen_tokens").where("expires_at", "<", at).execute();
      await open.kysely
        .insertInto("seen_tokens")
        .values({ token, seen_at: at, ...expiry })
        .onConflict((conflict) => conflict.column("token").doUpdateSet(expiry))
        .execute();
    } catch (error) {
      // Somebody else writes for long. What the token says is not written then either.
      if (!open.isBusy(error)) throw error;
    }
  });
  return Date.parse((await readSeen(database, token))?.seen_at ?? at);
}

function readSeen({ kysely }: Database, token: string) {
  return kysely
    .selectFrom("seen_tokens")
    .select(["seen_at", "expires_at"])
    .where("token", "=", token)
    .executeTakeFirst();
}
