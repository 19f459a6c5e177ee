import type { Finding } from "./finding.js";
import type { Node, Place } from "./node.js";

/** A mapping's key as its text, whatever that may mean elsewhere (`1`, `on`, `yes`); a finding where it can't be one. */
export function readKey(key: Node, place: Place): string | Finding | undefined {
  // Whatever is unresolved has been reported.
  if (key.kind === "unresolved") return undefined;
  if (key.kind !== "scalar" || key.isNull()) return refuse("a key must be a plain name", place);
  return key.text() === "__proto__" ? refuse("the key `__proto__` is not allowed", place) : key.text();
}

function refuse(message: string, place: Place): Finding {
  const hint = "write a name, a colon and a space before the value";
  return { severity: "error", code: "YAML_SYNTAX", message, hint, place };
}

/** The finding for a key that its mapping has already. */
export function duplicateKey(place: Place, first: Place): Finding {
  return {
    severity: "error",
    code: "DUPLICATE_KEY",
    message: `this key stands in the same mapping already, on line ${first.position.line}`,
    hint: "leave one of them out, or rename it; where a new entry of a list begins, put `- ` before its first key; several merge keys are written as one list: <<: [*one, *two]",
    place,
  };
}
