import { sql } from "kysely";
import { chunk, type Database } from "../database/database.js";
import { attempt, createWriter } from "../database/live-database.js";
import { lastUsedEveryMs } from "../users/token-policy.js";

const collectMs = 1000;
/** Beyond this number of tokens in a second, the others are noted at a later use. */
const maxWaiting = 10_000;

/** Notes when tokens' values were used, later and in batches, so that no request waits for it. */
export interface LastUsed {
  /** @param digest that of the value, which shows who still uses a replaced one */
  readonly note: (digest: string, nowMs: number) => void;
  /** Writes the pending uses. */
  readonly close: () => Promise<void>;
}

export interface LastUsedOptions {
  /** Opens the database for writing; called when there are uses to write, and closed soon after. */
  readonly openWriter: () => Promise<Database>;
  /** Counts database replacements: uses noted for a replaced database are not written to the new one. */
  readonly generation: () => number;
  /** Called once, until writing works again. */
  readonly onFailure: (tokens: number, error: unknown) => void;
}

type Uses = readonly (readonly [digest: string, atMs: number])[];

export function createLastUsed({ openWriter, generation, onFailure }: LastUsedOptions): LastUsed {
  const writer = createWriter(openWriter);
  const waiting = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let isFailing = false;
  let notedFor = generation();

  const note = (digest: string, nowMs: number): void => {
    if (notedFor !== generation()) waiting.clear();
    notedFor = generation();
    if (waiting.size >= maxWaiting) return;
    waiting.set(digest, nowMs);
    timer ??= setTimeout(() => void flush(false), collectMs).unref();
  };

  const flush = async (isLast: boolean): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const uses = [...waiting];
    const usedIn = notedFor;
    waiting.clear();
    if (uses.length === 0) return;
    try {
      // A writer checks the file when it opens, and fails if the file was replaced.
      const outcome = await writer.use(async (database) =>
        attempt(async () => {
          if (generation() === usedIn) await write(database, uses);
        }),
      );
      if (outcome.kind === "done") {
        isFailing = false;
        return;
      }
      if (isLast) return onFailure(uses.length, outcome.error);
      if (usedIn !== notedFor) return;
      for (const [digest, atMs] of uses) note(digest, Math.max(atMs, waiting.get(digest) ?? 0));
    } catch (error) {
      if (!isFailing) onFailure(uses.length, error);
      isFailing = true;
    }
  };

  return {
    note,
    close: async () => {
      await flush(true);
      await writer.close();
    },
  };
}

/** Few enough for a fast statement. */
const chunkSize = 500;

/** Several processes may use the same token; its last use is written once a minute for all of them. */
async function write(database: Database, uses: Uses): Promise<void> {
  // The same order everywhere, so that two processes don't deadlock.
  const sorted = [...uses].sort(([one], [other]) => (one < other ? -1 : 1));
  for (const some of chunk(sorted, chunkSize)) await writeSome(database, some);
}

async function writeSome({ kysely }: Database, uses: Uses): Promise<void> {
  const rows = uses.map(([digest, atMs]) => sql`(${digest}, ${isoOf(atMs)}, ${isoOf(atMs - lastUsedEveryMs)})`);
  for (const table of ["api_tokens", "api_token_retired"]) {
    const name = sql.table(table);
    // This form names the columns of a list of values on every database.
    const { numAffectedRows = 0n } = await sql`
      update ${name} set last_used_at = used.column2 from (values ${sql.join(rows)}) as used
      where ${name}.digest = used.column1
        and (${name}.last_used_at is null or ${name}.last_used_at <= used.column3)`.execute(kysely);
    // The rest are replaced values, or were noted by another process.
    if (numAffectedRows >= BigInt(uses.length)) return;
  }
}

function isoOf(atMs: number): string {
  return new Date(atMs).toISOString();
}
