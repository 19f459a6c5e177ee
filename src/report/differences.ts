import type { EntryDifference } from "../apply/differences.js";
import type { Drift } from "../plan/resource.js";
import { maskRandom } from "../secrets/random-looking.js";
import { renderValue } from "./changes.js";
import { withoutSecrets } from "./json.js";
import { csvLine } from "./table.js";

export const differencesCsvHeading = csvLine([
  "kind",
  "name",
  "owner",
  "state",
  "field",
  "was",
  "became",
  "time",
  "actor",
  "through",
]);

/** A line for each field that differs, or one for an entry that is missing (RFC 4180). */
export function differenceToCsv({ kind, key, owner, state, fields }: EntryDifference): string {
  const entry = [kind, maskRandom(key), maskRandom(owner), state];
  if (fields.length === 0) return csvLine([...entry, "", "", "", "", "", ""]);
  return fields.map(({ name, drift }) => csvLine([...entry, maskRandom(name), ...driftCells(drift)])).join("");
}

function driftCells({ was, became, at, by, through }: Drift): readonly string[] {
  const values = [was, became].map((value) => (value === undefined ? "(secret)" : renderValue(value)));
  return [...values, at ?? "", by === null ? "" : maskRandom(by), through ?? ""];
}

/** The same as an object; a secret's field has no values. */
export function differenceToJson(difference: EntryDifference): unknown {
  return withoutSecrets(difference);
}
