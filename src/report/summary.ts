import type { Change, ResourceName } from "../plan/resource.js";

export interface Summary {
  readonly create: number;
  readonly update: number;
  readonly delete: number;
  readonly unchanged: number;
}

export function summarize(changes: readonly Change[], unchanged: readonly ResourceName[]): Summary {
  const count = (action: Change["action"]) => changes.filter((change) => change.action === action).length;
  return { create: count("create"), update: count("update"), delete: count("delete"), unchanged: unchanged.length };
}
