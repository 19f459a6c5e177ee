import type { Finding } from "./finding.js";
import type { Place } from "./node.js";

const core = "tag:yaml.org,2002:";

/** What each core tag may stand before. */
const allowed: Readonly<Record<"scalar" | "mapping" | "sequence", ReadonlySet<string>>> = {
  scalar: new Set(["!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp", "!!binary"]),
  mapping: new Set(["!!map"]),
  sequence: new Set(["!!seq"]),
};

/** The short name of a tag that may stand before such a value, or undefined where it may not. */
export function coreTag(tag: string, kind: keyof typeof allowed): string | undefined {
  // A lone exclamation mark says: as it is written.
  const name = tag === "!" ? (kind === "scalar" ? "!!str" : "!!map") : tag.replace(core, "!!");
  return tag === "!" || allowed[kind].has(name) ? name : undefined;
}

/** The finding for a tag that may not. */
export function refuseTag(place: Place): Finding {
  return {
    severity: "error",
    code: "YAML_SYNTAX",
    message:
      "this tag is not allowed here: only those of YAML itself are, such as `!!str`, before a value of their kind",
    hint: "leave the tag out; where the value itself begins with an exclamation mark, put it in quotes",
    place,
  };
}

/** The text that a `!!binary` value encodes, or undefined where it is not base64 of UTF-8. */
export function decodeBinary(encoded: string): string | undefined {
  const compact = encoded.replace(/\s+/g, "");
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(compact)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(compact, "base64"));
  } catch {
    return undefined;
  }
}
