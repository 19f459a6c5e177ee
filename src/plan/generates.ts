import type { Change } from "./change.js";
import type { Kind } from "./kind.js";

/** Whether carrying the changes out makes secrets that have to be handed out. */
export function willGenerate(kinds: readonly Kind[], changes: readonly Change[]): boolean {
  const specs = new Map(kinds.map(({ name, attributes }) => [name, attributes]));
  return changes.some((change) => {
    if (change.action === "delete") return false;
    const names = change.action === "create" ? Object.keys(change.attributes) : change.changed;
    return names.some((name) => specs.get(change.kind)?.[name]?.generates && change.attributes[name] === true);
  });
}
