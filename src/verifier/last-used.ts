import type { Database } from "../database/database.js";
import { createWriter } from "./bearer/writer.js";

/** How often a token's last use is written at most. */
export const lastUsedEveryMs = 60_000;

const collectMs = 1000;
/** More tokens than that in a second are noted at a later use. */
const mostWaiting = 10_000;

/** Notes when tokens were used, later and together, so that no request waits for it. */
export interface LastUsed {
  readonly note: (tokenId: string, nowMs: number) => void;
  /** Writes what still waits. */
  readonly close: () => Promise<void>;
}

export interface LastUsedOptions {
  /** Opens the database for writing; called when there is something to write, and closed soon after. */
  readonly openWriter: () => Database;
  readonly onFailure: (tokens: number, error: unknown) => void;
}

type Uses = readonly (readonly [tokenId: string, atMs: number])[];

export function createLastUsed({ openWriter, onFailure }: LastUsedOptions): LastUsed {
  const writer = createWriter(openWriter);
  const waiting = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;

  const note = (tokenId: string, nowMs: number): void => {
    if (waiting.size >= mostWaiting) return;
    waiting.set(tokenId, nowMs);
    timer ??= setTimeout(() => void flush(false), collectMs).unref();
  };

  const flush = async (isLast: boolean): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const uses = [...waiting];
    waiting.clear();
    if (uses.length === 0) return;
    try {
      const outcome = await writer.use((database) => write(database, uses));
      if (outcome.kind === "written") return;
      if (isLast) return onFailure(uses.length, outcome.error);
      for (const [tokenId, atMs] of uses) note(tokenId, Math.max(atMs, waiting.get(tokenId) ?? 0));
    } catch (error) {
      onFailure(uses.length, error);
    }
  };

  return { note, close: () => flush(true) };
}

type Written = { readonly kind: "written" } | { readonly kind: "busy"; readonly error: unknown };

/** Several programs may note the same token; it is written once a minute for all of them. */
async function write(database: Database, uses: Uses): Promise<Written> {
  try {
    await database.kysely.transaction().execute(async (tx) => {
      for (const [id, atMs] of uses) {
        await tx
          .updateTable("api_tokens")
          .set({ last_used_at: new Date(atMs).toISOString() })
          .where("id", "=", id)
          .where((eb) =>
            eb.or([
              eb("last_used_at", "is", null),
              eb("last_used_at", "<=", new Date(atMs - lastUsedEveryMs).toISOString()),
            ]),
          )
          .execute();
      }
    });
    return { kind: "written" };
  } catch (error) {
    if (database.isBusy(error)) return { kind: "busy", error };
    throw database.explain(error) ?? error;
  }
}
