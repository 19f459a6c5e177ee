import type { Kind } from "./kind.js";

/**
 * Kinds so that each comes after those it depends on; otherwise in the order given.
 *
 * @throws TypeError when a kind depends on itself, or on one that is not there: a mistake in a step's code
 */
export function orderKinds(kinds: readonly Kind[]): readonly Kind[] {
  const byName = new Map(kinds.map((kind) => [kind.name, kind]));
  const ordered = new Set<Kind>();
  const visit = (kind: Kind, path: readonly string[]): void => {
    if (ordered.has(kind)) return;
    if (path.includes(kind.name))
      throw new TypeError(`kinds depend on each other: ${[...path, kind.name].join(" → ")}`);
    for (const name of kind.dependsOn) {
      const dependency = byName.get(name);
      if (!dependency) throw new TypeError(`the kind ${kind.name} depends on ${name}, which does not exist`);
      visit(dependency, [...path, kind.name]);
    }
    ordered.add(kind);
  };
  for (const kind of kinds) visit(kind, []);
  return [...ordered];
}
