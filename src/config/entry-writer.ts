import type { CurrentResource } from "../plan/kind.js";
import type { AttributeValue, PlainValue } from "../plan/resource.js";

/** How the resources of a kind are written in a step's namespace: the reverse of `declare`. */
export interface EntryWriter {
  /** The kind's name. */
  readonly kind: string;
  /** The list of the namespace that holds its entries, such as `items`. */
  readonly list: string;
  /**
   * One entry. What is undefined or null is left out.
   *
   * @param variable the `value_from` of the variable that will hold a secret of the entry, such as `CLIENT_SECRET`
   */
  readonly write: (
    row: Pick<CurrentResource, "key" | "attributes">,
    variable: (name: string) => PlainValue,
  ) => Readonly<Record<string, AttributeValue>>;
}

/** The value, or undefined for an empty text or list, which is the field's default. */
export function unlessEmpty(value: AttributeValue): AttributeValue {
  const isEmpty = value === "" || (Array.isArray(value) && value.length === 0);
  return isEmpty ? undefined : value;
}
