import { closestMatch } from "leven";
import { maskName } from "../secrets/random-looking.js";
import {
  isBareKey,
  type MappingEntry,
  type MappingNode,
  type Node,
  type RawDiagnostic,
  type ScalarNode,
} from "./node.js";

/** A well-formed `value_from`. */
export interface Reference {
  readonly source: "env" | "file";
  /** The variable's name, or the file's path. */
  readonly name: ScalarNode;
  /** Undefined without a default; a default may be null. */
  readonly fallback: Node | undefined;
  readonly required: boolean;
}

const keys = ["env", "file", "default", "required"] as const;
const form =
  "write {value_from: {env: NAME}} or {value_from: {file: PATH}}, optionally with default or required: false";

/** A mapping's reference, or everything that is wrong with it; undefined where it is no `value_from` at all. */
export function readValueFrom(mapping: MappingNode): Reference | readonly RawDiagnostic[] | undefined {
  const entry = mapping.entries.get("value_from");
  if (entry) return parseValueFrom(mapping, entry);
  const misspelt = misspeltValueFrom(mapping);
  return misspelt && [misspelt];
}

function parseValueFrom(mapping: MappingNode, entry: MappingEntry): Reference | readonly RawDiagnostic[] {
  const findings: RawDiagnostic[] = [];
  const complain = (
    { range }: { readonly range: RawDiagnostic["range"] },
    message: string,
    hint: string,
  ): undefined => {
    findings.push({ severity: "error", code: "VALUE_FROM_INVALID", message, hint, range });
  };
  for (const beside of mapping.entries.values()) {
    const { key, keyRange } = beside;
    if (key === "value_from") continue;
    const hint = keys.some((known) => known === key) ? `move ${key} into value_from` : form;
    complain(
      { range: keyRange },
      `\`value_from\` must be the only key of its mapping, but ${nameOf(beside)} is beside it`,
      hint,
    );
  }
  const { value } = entry;
  if (value.kind !== "mapping") {
    if (value.kind !== "unresolved") complain(value, "`value_from` must be a mapping", form);
    return findings;
  }
  for (const inner of value.entries.values()) {
    const { key, keyRange } = inner;
    if (keys.some((known) => known === key)) continue;
    const near = closestMatch(key.toLowerCase(), keys, { maxDistance: 2 });
    const message = isBareKey(inner)
      ? "`value_from` has a key without a colon"
      : `unknown key ${nameOf(inner)} in \`value_from\``;
    complain({ range: keyRange }, message, near ? `did you mean ${near}?` : form);
  }
  const [env, file, fallback, required] = keys.map((key) => value.entries.get(key));
  if (env && file) complain({ range: file.keyRange }, "`value_from` has both `env` and `file`", "remove one of them");
  if (!env && !file) complain({ range: entry.keyRange }, "`value_from` has neither `env` nor `file`", form);
  if (fallback && required) {
    const hint = "remove one of them: with a default, the value is never missing";
    complain({ range: required.keyRange }, "`required` and `default` can't be combined in `value_from`", hint);
  }
  const nested = fallback && findValueFrom(fallback.value, new Set());
  if (nested) complain({ range: nested }, "a `default` can't contain a `value_from`", "write the value itself");
  const name = readName(env ?? file);
  const named = env ?? file;
  if (named && !name) {
    const what = env ? "the name of an environment variable" : "the path of a file";
    complain(named.value, `expected ${what}`, form);
  }
  const isRequired = required === undefined ? true : readFlag(required.value);
  if (required && isRequired === undefined) complain(required.value, "expected true or false", "write required: false");
  if (findings.length > 0 || !name) return findings;
  return { source: env ? "env" : "file", name, fallback: fallback?.value, required: isRequired ?? true };
}

function nameOf(entry: MappingEntry): string {
  return isBareKey(entry) ? "a key without a colon" : `\`${maskName(entry.key)}\``;
}

/** The diagnostic for a mapping that is a misspelt `value_from`, such as `valueFrom`. */
function misspeltValueFrom({ entries }: MappingNode): RawDiagnostic | undefined {
  const [entry] = entries.values();
  if (!entry || entries.size > 1 || !closestMatch(entry.key.toLowerCase(), ["value_from"], { maxDistance: 2 }))
    return undefined;
  const { key, keyRange, value } = entry;
  if (value.kind !== "mapping" || ![...value.entries.keys()].some((inner) => /^(?:env|file)$/i.test(inner)))
    return undefined;
  const message = `unknown key \`${key}\``;
  return { severity: "error", code: "VALUE_FROM_INVALID", message, hint: "did you mean value_from?", range: keyRange };
}

function readName(entry: MappingEntry | undefined): ScalarNode | undefined {
  const node = entry?.value;
  if (node?.kind !== "scalar" || node.isNull() || node.text() === "") return undefined;
  const fits = entry?.key === "file" ? !node.text().includes("\0") : isVariableName(node.text());
  return fits ? node : undefined;
}

/** Any other name can't be set as a variable by a shell or container; it may well be the secret itself. */
export function isVariableName(text: string): boolean {
  return /^[A-Za-z_.-][\w.-]*$/.test(text);
}

function readFlag(node: Node): boolean | undefined {
  if (node.kind !== "scalar") return undefined;
  if (/^(?:1|t|y|true|yes|on)$/i.test(node.text())) return true;
  return /^(?:0|f|n|false|no|off)$/i.test(node.text()) ? false : undefined;
}

/** The range of a `value_from` inside the node, at any depth. */
function findValueFrom(node: Node, seen: Set<Node>): RawDiagnostic["range"] {
  if (seen.has(node)) return undefined;
  seen.add(node);
  const entry = node.kind === "mapping" ? node.entries.get("value_from") : undefined;
  if (entry) return entry.keyRange;
  const children =
    node.kind === "mapping"
      ? Array.from(node.entries.values(), ({ value }) => value)
      : node.kind === "sequence"
        ? node.items
        : [];
  for (const child of children) {
    const range = findValueFrom(child, seen);
    if (range) return range;
  }
  return undefined;
}
