import type { CurrentResource, PlanInput, RunOwner } from "./kind.js";
import type { Change } from "./resource.js";

/**
 * The rows as they are once the files' owners have taken over from their former ones: what their files declare, and what no file
 * declares, unless several could take it, or the former owner has files in the same run.
 */
export function handOver({ kinds, current, desired, owners }: PlanInput): PlanInput["current"] {
  const takersOf = new Map<string, readonly RunOwner[]>();
  for (const owner of owners) {
    for (const name of owner.formerly) takersOf.set(name, [...(takersOf.get(name) ?? []), owner]);
  }
  if (takersOf.size === 0) return current;
  const names = new Set(owners.map(({ name }) => name));
  const after = (row: CurrentResource, declarer: string | null | undefined): CurrentResource => {
    const takers = row.owner === null ? [] : (takersOf.get(row.owner) ?? []);
    const isFree = takers.length === 1 && !names.has(row.owner ?? "");
    const taker = declarer === undefined ? takers.find(() => isFree) : takers.find(({ name }) => name === declarer);
    return taker === undefined ? row : { ...row, owner: taker.name, formerOwner: row.owner };
  };
  return new Map(
    kinds.map((kind) => {
      const declarers = new Map(
        kind.resourcesOf(desired).flatMap(({ key, owner, renamedFrom = key }) => [
          [renamedFrom, owner],
          [key, owner],
        ]),
      );
      return [kind.name, (current.get(kind.name) ?? []).map((row) => after(row, declarers.get(row.key)))];
    }),
  );
}

/** The change of a row that no file declares, and that gets another owner. */
export function handOverUndeclared(kind: string, row: CurrentResource): readonly Change[] {
  const { id, key, owner, formerOwner, attributes } = row;
  if (formerOwner === undefined || owner === null) return [];
  const fields = [{ name: "owner", before: formerOwner, after: owner }];
  const change = { action: "update", kind, key, id, owner, attributes, changed: [], previousKey: undefined } as const;
  return [{ ...change, fields, range: undefined }];
}
