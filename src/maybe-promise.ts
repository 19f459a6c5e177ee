/** A value, or a promise of it. */
export type MaybePromise<T> = T | Promise<T>;

/**
 * Calls `next` with a value and `args`: at once if the value is known, as most are, since a promise costs a turn of the event loop.
 * The arguments are passed on as by `setTimeout`, since a closure over them would be allocated for each request.
 */
export function andThen<T, R, A extends readonly [unknown?, unknown?, unknown?, unknown?]>(
  value: MaybePromise<T>,
  next: (value: T, ...args: A) => R,
  ...args: A
): R | Promise<Awaited<R>>;
// Not with a rest parameter, which would be an array for each call.
export function andThen(value: unknown, next: Next, a?: unknown, b?: unknown, c?: unknown, d?: unknown): unknown {
  return value instanceof Promise ? later(value, next, a, b, c, d) : next(value, a, b, c, d);
}

/** Apart, since a function that has closures in it allocates for them at each call. */
function later(value: Promise<unknown>, next: Next, a: unknown, b: unknown, c: unknown, d: unknown): Promise<unknown> {
  return value.then((known) => next(known, a, b, c, d));
}

type Next = (value: unknown, a?: unknown, b?: unknown, c?: unknown, d?: unknown) => unknown;

/** Calls `failed` with the error of a rejected promise, and `args`. What is thrown at once is for the caller to catch. */
export function orElse<T, R, A extends readonly [unknown?, unknown?]>(
  value: MaybePromise<T>,
  failed: (error: Error, ...args: A) => R,
  ...args: A
): T | Promise<T | Awaited<R>>;
export function orElse(value: unknown, failed: Failed, a?: unknown, b?: unknown): unknown {
  return value instanceof Promise ? value.then(undefined, catcher(failed, a, b)) : value;
}

type Failed = (error: Error, a?: unknown, b?: unknown) => unknown;

function catcher(failed: Failed, a: unknown, b: unknown): (error: Error) => unknown {
  return (error) => failed(error, a, b);
}
