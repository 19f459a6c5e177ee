import { findPlaceholder, placeholders } from "../secrets/placeholder.js";
import type { Finding, MappingEntry, ScalarNode } from "../yaml/node.js";
import { type ResolveContext, resolveValues } from "../yaml/resolve.js";
import { describeShape } from "./expectation.js";
import { toBoolean } from "./scalar.js";
import { createShapeReader } from "./schema-shape.js";

/** What one file says about a step. `unknown`: its variable is not there; `invalid`: a finding says why. */
export interface Flag {
  readonly state: "on" | "off" | "absent" | "unknown" | "invalid";
  readonly entry: MappingEntry;
  readonly findings: readonly Finding[];
  readonly shown: readonly ScalarNode[];
}

export function readFlag(entry: MappingEntry, context: ResolveContext): Flag {
  const { node, findings } = resolveValues(entry.value, entry.key, context);
  if (node === undefined) return { state: "absent", entry, findings, shown: [] };
  if (node.kind === "unresolved") return { state: "unknown", entry, findings, shown: [] };
  const shown = node.kind === "scalar" ? [node] : [];
  const value = node.kind === "scalar" && !node.isNull() ? toBoolean(node) : undefined;
  if (value !== undefined) return { state: value ? "on" : "off", entry, findings, shown };
  const placeholder =
    node.kind === "scalar" && node.origin === undefined ? findPlaceholder(node.text(), false) : undefined;
  const told = placeholder === undefined ? notBoolean : placeholders[placeholder];
  const finding: Finding = { severity: "error", ...told, place: node.place, path: entry.key };
  return { state: "invalid", entry, findings: [...findings, finding], shown };
}

const notBoolean = {
  code: "WRONG_TYPE",
  message: `expected ${describeShape({ kind: "boolean" }, createShapeReader())}`,
} as const;
