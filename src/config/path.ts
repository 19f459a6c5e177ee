/** A place inside a namespace, such as `["items", 0, "email"]`. */
export type ValuePath = readonly (string | number)[];

/** The path as it is shown: `tokenauth.items.0.email`. */
export function dotted(namespace: string, path: ValuePath): string {
  return [namespace, ...path].join(".");
}

/** The paths that nothing more is to be told of: their problem is known already. */
export class MutedPaths {
  readonly #keys = new Set<string>();

  add(path: ValuePath): void {
    this.#keys.add(keyOf(path));
  }

  /** Whether the path, or one above it, was added. */
  has(path: ValuePath): boolean {
    if (this.#keys.size === 0) return false;
    for (let length = 0; length <= path.length; length += 1) {
      if (this.#keys.has(keyOf(path.slice(0, length)))) return true;
    }
    return false;
  }
}

function keyOf(path: ValuePath): string {
  return JSON.stringify(path);
}
