import type { CurrentResource, Kind } from "./kind.js";
import type { Resource } from "./resource.js";

/** What a plan is made from. */
export interface PlanInput {
  readonly kinds: readonly Kind[];
  readonly wanted: readonly Resource[];
  /** Every row there is, by kind. */
  readonly current: ReadonlyMap<string, readonly CurrentResource[]>;
  /** False where no database was read: `current` is empty then. */
  readonly isDatabaseKnown: boolean;
  readonly owner: string;
  /** The kinds to prune: those that the enabled steps declare, or none. */
  readonly prunable: ReadonlySet<string>;
  readonly newId: () => string;
}
