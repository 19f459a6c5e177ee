import { inspect } from "node:util";

const shown = "[secret]";

/** Marks the secrets of every copy of this package: a step's module may import another one than the command that loads it. */
const mark = Symbol.for("vtb-setup.secret");

/**
 * A value that must never be shown: template strings, JSON, `console.log`, `%o`, `console.table` and an error's `cause` all
 * print `[secret]`. Only {@link Secret.reveal} opens it.
 */
export class Secret {
  static readonly [mark] = true;

  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The plain text. Search for this name to find all code that opens a secret. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return shown;
  }

  toJSON(): string {
    return shown;
  }

  [inspect.custom](): string {
    return shown;
  }
}

/** Distinguishes a secret from plain text. */
export function isSecret(value: unknown): value is Secret {
  if (typeof value !== "object" || value === null) return false;
  return typeof value.constructor === "function" && mark in value.constructor;
}
