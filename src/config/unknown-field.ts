import { invisibleIn } from "../characters.js";
import { nearestField } from "../nearest.js";
import { maskName } from "../secrets/random-looking.js";
import type { Finding, MappingEntry } from "../yaml/node.js";
import { dotted, type ValuePath } from "./path.js";

/** The finding for a key that is none of `fields`, and the field that was probably meant. A secret's key is not repeated. */
export function unknownField(
  namespace: string,
  path: ValuePath,
  { key, keyPlace, sensitive }: Pick<MappingEntry, "key" | "keyPlace"> & { readonly sensitive: boolean },
  fields: Iterable<string>,
): { readonly finding: Finding; readonly meant: string | undefined } {
  const names = [...fields];
  const meant = nearestField(key, names);
  const finding: Finding = {
    severity: "error",
    code: "UNKNOWN_FIELD",
    ...describe(key, sensitive, meant, names),
    place: keyPlace,
    // A value that was written without the space before it is part of its key.
    path: dotted(namespace, sensitive || invisibleIn(key) !== undefined ? path : [...path, key]),
  };
  return { finding, meant };
}

function describe(key: string, sensitive: boolean, meant: string | undefined, names: readonly string[]) {
  const invisible = invisibleIn(key);
  if (invisible !== undefined) {
    const hint = "type the line anew, with ordinary spaces and nothing else between the words";
    return { message: `${invisible} stands in the name of this field`, hint };
  }
  const message = sensitive ? "no field of this name belongs here" : `unknown field \`${maskName(key)}\``;
  return { message, hint: hintOf(meant, names) };
}

function hintOf(meant: string | undefined, names: readonly string[]): string {
  if (meant !== undefined) return `did you mean \`${meant}\`?`;
  if (names.length === 0) return "no fields are expected here";
  return `the fields here are ${names.join(", ")}`;
}
