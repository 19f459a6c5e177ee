import type { Place } from "../yaml/node.js";
import type { Attributes, PlainValue } from "./resource.js";

/** One attribute's change, as it may be shown. */
export type FieldChange =
  | { readonly name: string; readonly before: PlainValue; readonly after: PlainValue }
  | { readonly name: string; readonly sensitive: true }
  /** Its value is not there yet, so that it may stay the same. */
  | { readonly name: string; readonly unknown: true };

export interface ResourceName {
  readonly kind: string;
  readonly key: string;
}

interface ChangeBase extends ResourceName {
  /** The row's id; what is created gets it when it is planned. */
  readonly id: string;
  readonly fields: readonly FieldChange[];
  /** Where the file says so; a pruned row stands nowhere. */
  readonly place: Place | undefined;
}

/** What `write` gets: `attributes` are the wanted ones, all of them, `undefined` where the file leaves one alone. */
export type PlannedChange =
  | (ChangeBase & { readonly action: "create"; readonly attributes: Attributes })
  | (ChangeBase & {
      readonly action: "update";
      readonly attributes: Attributes;
      /** The names of the attributes that differ. */
      readonly changed: readonly string[];
      /** The key that the row had, where it was renamed. */
      readonly previousKey: string | undefined;
    });

export type Change = PlannedChange | (ChangeBase & { readonly action: "delete"; readonly reason: "absent" | "pruned" });
