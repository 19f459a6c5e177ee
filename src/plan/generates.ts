import type { Change } from "./change.js";
import type { Kind } from "./kind.js";
import type { Resource } from "./resource.js";

/** The keys of the entries whose secret is generated, now or by an earlier run. */
export function generatedKeys(kinds: readonly Kind[], desired: readonly Resource[]): readonly string[] {
  const specs = new Map(kinds.map(({ name, attributes }) => [name, Object.entries(attributes)]));
  const isGenerated = ({ kind, attributes }: Resource) =>
    specs.get(kind)?.some(([name, { generates }]) => generates && attributes[name] === true);
  return desired.filter((resource) => resource.present && isGenerated(resource)).map(({ key }) => key);
}

/** Whether carrying the changes out makes secrets that have to be handed out. */
export function willGenerate(kinds: readonly Kind[], changes: readonly Change[]): boolean {
  const specs = new Map(kinds.map(({ name, attributes }) => [name, attributes]));
  return changes.some((change) => {
    if (change.action === "delete") return false;
    const names = change.action === "create" ? Object.keys(change.attributes) : change.changed;
    return names.some((name) => specs.get(change.kind)?.[name]?.generates && change.attributes[name] === true);
  });
}
