import type { LockOptions } from "../database/lock.js";
import { sleep, stopIfInterrupted } from "./interrupt.js";
import type { LockingOptions } from "./options.js";

/** How a run waits for the lock: it tells so, and a signal ends it. */
export function lockOptions(options: LockingOptions, hasTables: boolean): LockOptions {
  return {
    timeoutMs: options.lockTimeoutMs,
    now: () => options.now().getTime(),
    newId: options.newId,
    hasTables,
    sleep: async (ms) => {
      options.onWaiting("waiting for another run to end");
      await sleep(ms, options.signal);
      stopIfInterrupted(options.signal);
    },
  };
}
