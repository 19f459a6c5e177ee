import type { Kind } from "../plan/kind.js";
import type { Resource } from "../plan/resource.js";
import { createLookalikes } from "../users/names.js";
import type { Finding } from "../yaml/node.js";

/** Tells of names that people can take for one another: whoever gives rights to one may give them to the other. */
export async function findConfusableNames(
  kinds: readonly Kind[],
  resources: readonly Resource[],
): Promise<readonly Finding[]> {
  const findings = kinds
    .filter(({ hasFreeNames }) => hasFreeNames)
    .map(({ name }) => findInKind(resources.filter(({ kind, present }) => kind === name && present)));
  return (await Promise.all(findings)).flat();
}

async function findInKind(resources: readonly Resource[]): Promise<readonly Finding[]> {
  const lookalikes = await createLookalikes(resources.map(({ key }) => key));
  const lines = new Map<string, Resource>();
  return resources.flatMap((resource) => {
    const { kind, key, place } = resource;
    const other = lines.get(lookalikes.find(key) ?? "");
    lookalikes.add(key);
    lines.set(key, resource);
    if (!other) return [];
    const { file, line } = other.place.position;
    const message = `the name of this ${kind} can be taken for that of ${kind} ${other.key} at ${file}:${line}`;
    const hint = "give one of them another name, or take it away if both are meant to be the same";
    return [{ severity: "warning", code: "CONFUSABLE_NAMES", message, hint, place } as const];
  });
}
