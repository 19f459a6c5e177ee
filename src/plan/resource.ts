import type { RunThrough } from "../database/tables.js";
import type { Secret } from "../secrets/secret.js";
import { personalFields } from "../users/names.js";
import type { Range } from "../yaml/node.js";

/** What an attribute that may be shown can hold. Its kind sorts lists that are sets (scopes, permissions, groups). */
export type PlainValue =
  | string
  | number
  | boolean
  | null
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue };

/** An attribute's desired value. `undefined`: the file leaves it alone. */
export type AttributeValue = PlainValue | Secret | undefined;

export type Attributes = Readonly<Record<string, AttributeValue>>;

/** A path inside a step's namespace, such as `["items", 0, "email"]`. */
export type ConfigPath = readonly (string | number)[];

declare const madeByKind: unique symbol;

/** A resource that a step declares. Only its kind makes it: `kind.resource(…)` or `kind.absent(…)`. */
export interface StepResource<Name extends string = string> {
  readonly [madeByKind]: true;
  readonly kind: Name;
  readonly key: string;
  /** `absent`: it must not exist. */
  readonly state?: "present" | "absent";
  /** What the kind calls its attributes; `undefined` leaves one as it is. */
  readonly attributes: Attributes;
  readonly path: ConfigPath;
  /** The paths of attributes that are not fields themselves, relative to `path`. */
  readonly fields?: Readonly<Record<string, ConfigPath>>;
}

/** A resource that the files declare; `A` are the attributes of its kind. */
export interface Resource<A extends Attributes = Attributes> {
  readonly kind: string;
  /** Unique in its kind: an identifier, username or name. */
  readonly key: string;
  /** False for `state: absent`: it must not exist. */
  readonly present: boolean;
  /** Who manages it: the owner of its file; null for what is made at run time. */
  readonly owner: string | null;
  /** Without what the file leaves alone; none of an absent one. */
  readonly attributes: Readonly<Partial<A>>;
  readonly range: Range;
  /** Whether it is protected from deletion; undefined leaves that as it is. */
  readonly protect?: boolean;
  /** The key that it had: a row with that key is this one. */
  readonly renamedFrom?: string;
  /** The attributes that an existing row keeps. */
  readonly ignored?: readonly string[];
  /** Attributes whose value only a missing variable or file has: they are undefined, and the resource is for plans alone. */
  readonly unknown?: readonly string[];
  /** Finds the range of an attribute that the file has or, for a list, of one text in it; otherwise that of the resource. */
  readonly rangeIn?: (attribute: string, item?: string) => Range;
}

/** The range of an attribute or, for a list, of one text in it; of the resource itself where neither is known. */
export function rangeOf(
  { rangeIn, range }: Pick<Resource, "rangeIn" | "range">,
  attribute: string,
  item?: string,
): Range {
  return rangeIn?.(attribute, item) ?? range;
}

/** What changed at run time since the files were last applied, which a change of theirs undoes. */
export interface Drift {
  /** The value that the files' last run set, and what it became; neither of a secret. */
  readonly was?: PlainValue;
  readonly became?: PlainValue;
  /** ISO 8601, UTC; null where nothing in the database shows it. */
  readonly at: string | null;
  /** Null where no run did it: the database was edited. */
  readonly by: string | null;
  /** `database` where no run did it; null for a run of an earlier version. */
  readonly through: RunThrough | "database" | null;
}

/** One attribute's change, as it may be shown. */
export type FieldChange =
  | { readonly name: string; readonly before: PlainValue; readonly after: PlainValue; readonly drift?: Drift }
  | { readonly name: string; readonly sensitive: true; readonly drift?: Drift }
  /** Its value is unknown yet, so it may stay the same. */
  | { readonly name: string; readonly unknown: true };

/** Whether the values of a field without any are left out because they are about a person, not because they are secret. */
export function isPersonal({ name }: Pick<FieldChange, "name">): boolean {
  return personalFields.some((personal) => personal === name);
}

/** What files say of a row beside its attributes; the program remembers it for every kind. */
export interface EntrySettings {
  /** Nothing may delete the row. */
  readonly protect: boolean;
  /** The key that it had, under which others may still refer to it; null for none. */
  readonly renamedFrom: string | null;
}

export interface ResourceName {
  readonly kind: string;
  readonly key: string;
}

interface ChangeBase extends ResourceName {
  /** The row's id; a new row gets it when it is planned. */
  readonly id: string;
  readonly fields: readonly FieldChange[];
  /** Undefined for a pruned row, which no file declares. */
  readonly range: Range | undefined;
}

interface PlannedBase extends ChangeBase {
  /** The settings that the row gets; undefined where they stay as they are. */
  readonly settings?: EntrySettings | undefined;
  /** Who manages it from then on; null for nobody. */
  readonly owner: string | null;
}

/** What `write` gets: `attributes` are all desired ones, `undefined` where the file leaves one alone. */
export type PlannedChange<A extends Attributes = Attributes> =
  | (PlannedBase & { readonly action: "create"; readonly attributes: Readonly<Partial<A>> })
  | (PlannedBase & {
      readonly action: "update";
      readonly attributes: Readonly<Partial<A>>;
      /** The names of the attributes that differ. */
      readonly changed: readonly (keyof A & string)[];
      /** The row's former key, where it was renamed. */
      readonly previousKey: string | undefined;
    });

/** Whether a change undoes something that was done at run time. */
export function hasDrift({ fields }: Pick<ChangeBase, "fields">): boolean {
  return fields.some((field) => "drift" in field);
}

export type Change =
  | PlannedChange
  | (ChangeBase & {
      readonly action: "delete";
      readonly reason: "absent" | "pruned";
      /** Who managed it; null for what no file did. */
      readonly owner: string | null;
    });
