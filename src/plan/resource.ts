import type { Place } from "../document/node.js";
import type { Secret } from "../secrets/secret.js";

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
  readonly place: Place;
  /** Where attributes stand that are more than a field of the resource. */
  readonly places?: Readonly<Record<string, Place>>;
}
