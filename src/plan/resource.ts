import type { Secret } from "../secrets/secret.js";
import type { Range } from "../yaml/node.js";

/** What an attribute that may be shown can hold. Lists that are sets (scopes, permissions, groups) are sorted by their kind. */
export type PlainValue =
  | string
  | number
  | boolean
  | null
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue };

/** An attribute's wanted value. `undefined`: the file leaves it alone. */
export type AttributeValue = PlainValue | Secret | undefined;

export type Attributes = Readonly<Record<string, AttributeValue>>;

/** One thing that the files declare. */
export interface Resource {
  readonly kind: string;
  /** Unique in its kind: an identifier, username or name. */
  readonly key: string;
  /** False for `state: absent`: it shall not exist. */
  readonly present: boolean;
  readonly attributes: Attributes;
  readonly range: Range;
  /** The attributes whose values only a variable or file has that is not there: they are undefined, and the resource is for plans alone. */
  readonly unknown?: readonly string[];
  /** Where attributes stand that a plan may complain about. */
  readonly ranges?: Readonly<Record<string, AttributeRange>>;
}

export interface AttributeRange {
  readonly range: Range;
  /** Of a list, where each text in it stands. */
  readonly items: ReadonlyMap<string, Range>;
}

/** Where an attribute stands in the file or, of a list, one text in it; the resource itself where neither is known. */
export function rangeOf({ ranges, range }: Resource, attribute: string, item?: string): Range {
  const found = ranges?.[attribute];
  return (item === undefined ? undefined : found?.items.get(item)) ?? found?.range ?? range;
}

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
  readonly range: Range | undefined;
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
