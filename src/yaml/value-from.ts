import { nearest } from "../nearest.js";
import { maskName } from "../secrets/random-looking.js";
import {
  isBareKey,
  type MappingEntry,
  type MappingNode,
  type Node,
  type RawDiagnostic,
  type ScalarNode,
} from "./node.js";
import { type ValueSource, type ValueSources, valueFromKeys } from "./value-sources.js";

/** A well-formed `value_from`. */
export interface Reference {
  readonly source: ValueSource;
  /** The source's argument, such as a variable's name or a file's path. */
  readonly name: ScalarNode;
  /** Undefined without a default; a default may be null. */
  readonly fallback: Node | undefined;
  readonly required: boolean;
}

/** What a mapping is. */
type ValueFrom =
  | { readonly kind: "reference"; readonly reference: Reference }
  /** A reference, with everything that is wrong with it. */
  | { readonly kind: "invalid"; readonly diagnostics: readonly RawDiagnostic[] }
  /** No `value_from` at all. */
  | { readonly kind: "none" };

const none: ValueFrom = { kind: "none" };

export function readValueFrom(mapping: MappingNode, sources: ValueSources): ValueFrom {
  const entry = mapping.get("value_from");
  if (entry) return parseValueFrom(mapping, entry, sources);
  const misspelt = misspeltValueFrom(mapping, sources);
  return misspelt ? { kind: "invalid", diagnostics: [misspelt] } : none;
}

function parseValueFrom(mapping: MappingNode, entry: MappingEntry, sources: ValueSources): ValueFrom {
  const keys = valueFromKeys(sources);
  const form = formOf(sources);
  const diagnostics: RawDiagnostic[] = [];
  const complain = (
    { range }: { readonly range: RawDiagnostic["range"] },
    message: string,
    hint: string,
  ): undefined => {
    diagnostics.push({ severity: "error", code: "VALUE_FROM_INVALID", message, hint, range });
  };
  for (const beside of mapping.pairs) {
    const { key, keyRange } = beside;
    if (key === "value_from") continue;
    const hint = keys.includes(key) ? `move ${key} into value_from` : form;
    complain(
      { range: keyRange },
      `\`value_from\` must be the only key of its mapping, but ${nameOf(beside)} is beside it`,
      hint,
    );
  }
  const { value } = entry;
  if (value.kind !== "mapping") {
    if (value.kind !== "unresolved") complain(value, "`value_from` must be a mapping", form);
    return { kind: "invalid", diagnostics };
  }
  for (const inner of value.pairs) {
    const { key, keyRange } = inner;
    if (keys.includes(key)) continue;
    const near = nearest(key, keys);
    const message = isBareKey(inner)
      ? "`value_from` has a key without a colon"
      : `unknown key ${nameOf(inner)} in \`value_from\``;
    complain({ range: keyRange }, message, near ? `did you mean ${near}?` : form);
  }
  const [fallback, required] = ["default", "required"].map((key) => value.get(key));
  const given = Object.entries(sources).flatMap(([key, source]) => {
    const named = value.get(key);
    return named ? [{ source, named }] : [];
  });
  const [first, second] = given;
  if (first && second) {
    const both = `\`${first.named.key}\` and \`${second.named.key}\``;
    complain({ range: second.named.keyRange }, `\`value_from\` has both ${both}`, "remove one of them");
  }
  if (!first) {
    const names = Object.keys(sources).map((key) => `\`${key}\``);
    complain({ range: entry.keyRange }, `\`value_from\` has neither ${names.join(" nor ")}`, form);
  }
  if (fallback && required) {
    const hint = "remove one of them: with a default, the value is never missing";
    complain({ range: required.keyRange }, "`required` and `default` can't be combined in `value_from`", hint);
  }
  const nested = fallback && findValueFrom(fallback.value, new Set());
  if (nested) complain({ range: nested }, "a `default` can't contain a `value_from`", "write the value itself");
  const name = first && readName(first.named.value, first.source);
  if (first && !name) complain(first.named.value, `expected ${first.source.argument}`, form);
  const isRequired = required === undefined ? true : readFlag(required.value);
  if (required && isRequired === undefined) complain(required.value, "expected true or false", "write required: false");
  if (diagnostics.length > 0 || !name) return { kind: "invalid", diagnostics };
  const reference = { source: first.source, name, fallback: fallback?.value, required: isRequired ?? true };
  return { kind: "reference", reference };
}

function formOf(sources: ValueSources): string {
  const forms = Object.entries(sources).map(([key, { placeholder }]) => `{value_from: {${key}: ${placeholder}}}`);
  return `write ${forms.join(" or ")}, optionally with default or required: false`;
}

function nameOf(entry: MappingEntry): string {
  return isBareKey(entry) ? "a key without a colon" : `\`${maskName(entry.key)}\``;
}

/** The diagnostic for a mapping that is a misspelt `value_from`, such as `valueFrom`. */
function misspeltValueFrom({ pairs }: MappingNode, sources: ValueSources): RawDiagnostic | undefined {
  const entry = pairs.length === 1 ? pairs[0] : undefined;
  if (!entry || !nearest(entry.key, ["value_from"])) return undefined;
  const { key, keyRange, value } = entry;
  const isSource = (name: string) => Object.hasOwn(sources, name.toLowerCase());
  if (value.kind !== "mapping" || !value.pairs.some((inner) => isSource(inner.key))) return undefined;
  const message = `unknown key \`${key}\``;
  return { severity: "error", code: "VALUE_FROM_INVALID", message, hint: "did you mean value_from?", range: keyRange };
}

function readName(node: Node, { accepts }: ValueSource): ScalarNode | undefined {
  if (node.kind !== "scalar" || node.isNull()) return undefined;
  return accepts(node.text()) ? node : undefined;
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
  const entry = node.kind === "mapping" ? node.get("value_from") : undefined;
  if (entry) return entry.keyRange;
  const children =
    node.kind === "mapping" ? node.pairs.map(({ value }) => value) : node.kind === "sequence" ? node.items : [];
  for (const child of children) {
    const range = findValueFrom(child, seen);
    if (range) return range;
  }
  return undefined;
}
