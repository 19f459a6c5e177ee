import type { Finding } from "./finding.js";
import type { MappingEntry, Node } from "./node.js";

/** The entries that a merge key (`<<`) brings in: those of a mapping, or of a list of them, of which the first wins. */
export function* mergedEntries(
  value: Node,
  report: (finding: Finding) => void,
  inList = false,
): Generator<MappingEntry> {
  if (value.kind === "mapping") {
    yield* value.entries.values();
  } else if (value.kind === "sequence" && !inList) {
    for (const item of value.items) yield* mergedEntries(item, report, true);
  } else if (value.kind !== "unresolved") {
    report({
      severity: "error",
      code: "YAML_SYNTAX",
      message: "a merge key (`<<`) needs a mapping, or a list of mappings",
      hint: "write <<: *name with the anchor of a mapping; a field that is really called << goes in quotes",
      place: value.place,
    });
  }
}
