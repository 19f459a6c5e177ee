import type { Algorithm } from "./jwt/algorithm.js";
import type { KeySet } from "./jwt/key-set.js";
import type { SignatureCheck } from "./jwt/signature-check.js";

/** Where a client's keys come from. Times are in milliseconds. */
export interface KeySource {
  /** The checks to put a token to, as far as keys are known now. */
  readonly checksFor: (algorithm: Algorithm, kid: string | undefined) => readonly SignatureCheck[];
  /** What the keys are called that are known now, for a log. */
  readonly names: () => string;
  /** A promise where keys have to be fetched before anything can be said: of true, if these are the first. It never rejects. */
  readonly prepare: (nowMs: number) => Promise<boolean> | undefined;
  /** A promise where a token with an unknown key is worth a fetch, or one is on its way; it never rejects. */
  readonly lookAgain: (nowMs: number) => Promise<unknown> | undefined;
  /** Said when the first keys turned out not to hold a token's: that fetch was the one that it was worth. */
  readonly noteUnknown: (nowMs: number) => void;
  /** When an unknown key may become known, while the provider can't be asked; undefined while it can. */
  readonly unavailableUntilMs: (nowMs: number) => number | undefined;
  /** Until when what the keys said may be relied on without looking at them again. */
  readonly reliableUntilMs: () => number;
  /** Forgets keys that were fetched, also where they can't be fetched anew: one of them may be disabled. It never rejects. */
  readonly refresh: () => Promise<void>;
}

/** Keys that an operator wrote. */
export function fixedKeys(keys: Pick<KeySet, "checksFor">): KeySource {
  return {
    checksFor: keys.checksFor,
    names: () => "the key of the client's configuration",
    prepare: () => undefined,
    lookAgain: () => undefined,
    noteUnknown: () => {},
    unavailableUntilMs: () => undefined,
    reliableUntilMs: () => Number.POSITIVE_INFINITY,
    refresh: () => Promise.resolve(),
  };
}
