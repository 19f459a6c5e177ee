/** A value that is known now, or will be. */
export type MaybePromise<T> = T | Promise<T>;

/**
 * Goes on at once where the value is known: a promise costs a turn, and most values are. Not called `then`: `import()` takes a module
 * that exports this name for a promise.
 */
export function andThen<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
