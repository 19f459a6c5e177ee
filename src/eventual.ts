/** A value that is known now, or will be. */
export type Eventual<T> = T | Promise<T>;

/** Goes on at once where the value is known: a promise costs a turn, and most values are. */
export function follow<T, U>(value: Eventual<T>, next: (value: T) => Eventual<U>): Eventual<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
