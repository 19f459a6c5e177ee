import type { ChangeSignal, DatabaseState } from "../live-database.js";

/** What tells one state of a database from another. */
export interface StateRow extends DatabaseState {
  readonly storeId: string;
}

export interface ServerSignal extends ChangeSignal {
  /** What was seen is not trusted any longer. */
  readonly stop: () => void;
}

/** An answer is as old as its question, and has to be younger than a second whenever somebody is let in by it. */
const trustedMs = 900;
/** From then on the next question is on its way, so that hardly any request has to wait for its answer. */
const renewedAfterMs = 800;

interface Look {
  readonly askedAtMs: number;
  readonly state: Promise<StateRow>;
}

/**
 * Gives an object that is replaced when the revision moves. The server is asked about once a second while somebody wants to
 * know, and not at all otherwise; all who come meanwhile share the answer, and the failure.
 *
 * @param read asks the server
 * @param check looks whether a state that is new is one that the program understands
 */
export function followServer(read: () => Promise<StateRow>, check: () => Promise<void>): ServerSignal {
  let seen: StateRow | undefined;
  let seenAtMs = Number.NEGATIVE_INFINITY;
  let looking: Look | undefined;

  const ask = async (askedAtMs: number): Promise<StateRow> => {
    try {
      const found = await read();
      if (!seen || found.revision !== seen.revision || found.storeId !== seen.storeId) {
        await check();
        seen = found;
      }
      seenAtMs = askedAtMs;
      return seen;
    } finally {
      looking = undefined;
    }
  };

  const look = (): Look => {
    const askedAtMs = performance.now();
    looking ??= { askedAtMs, state: ask(askedAtMs) };
    return looking;
  };

  const wait = async (calledAtMs: number, atLeast: number): Promise<DatabaseState> => {
    const { askedAtMs, state } = look();
    const found = await state;
    if (calledAtMs - askedAtMs < trustedMs && found.revision >= atLeast) return found;
    // The question was too old when this one was put.
    return look().state;
  };

  return {
    current(atLeast = 0) {
      const nowMs = performance.now();
      if (!seen || seen.revision < atLeast || nowMs - seenAtMs >= trustedMs) return wait(nowMs, atLeast);
      // Whoever needs the answer hears of a failure.
      if (!looking && nowMs - seenAtMs >= renewedAfterMs) look().state.catch(() => {});
      return seen;
    },
    stop() {
      seen = undefined;
    },
  };
}
