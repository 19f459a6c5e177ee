import { SetupError } from "../errors.js";
import { sleep, stopIfInterrupted } from "./interrupt.js";
import type { DatabaseOptions } from "./options.js";

const retryMs = 500;

/** Tries again what is unavailable, for as long as `--wait` allows. */
export async function patiently<T>(options: DatabaseOptions, work: () => Promise<T>): Promise<T> {
  const deadline = options.now().getTime() + options.waitMs;
  for (;;) {
    stopIfInterrupted(options.signal);
    try {
      return await work();
    } catch (error) {
      const left = deadline - options.now().getTime();
      if (!(error instanceof SetupError) || error.reason !== "unavailable" || left <= 0) throw error;
      options.onWaiting("waiting for the database");
      await sleep(Math.min(retryMs, left), options.signal);
    }
  }
}
