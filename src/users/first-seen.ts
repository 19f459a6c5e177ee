import type { Database } from "../database/database.js";
import type { Writer } from "../database/live-database.js";

export interface FirstSeenOptions {
  /** Only read. */
  readonly database: Database;
  readonly writer: Pick<Writer, "use">;
  /** In milliseconds. */
  readonly now: () => number;
}

// Longer than a token stays unused.
const keptMs = 7 * 24 * 3_600_000;

/**
 * When any process first saw a token without `iat`, in milliseconds. It is stored, so that the token has the same age in another
 * process and after a restart, and is deleted when the token has not been used for a week.
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
      // Another process holds the lock for long. The token's claims are not written then either.
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
