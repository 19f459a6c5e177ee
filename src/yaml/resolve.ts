import { mask, maskName, mayBeSecret } from "../secrets/random-looking.js";
import { readSecretFile } from "../secrets/secret-file.js";
import { type MappingEntry, type MappingNode, type Node, type Range, type RawDiagnostic, ScalarNode } from "./node.js";
import { type Reference, readValueFrom } from "./value-from.js";

/** What `value_from` may read. */
export interface ResolveContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** True where values are not needed: a missing one is then no error. */
  readonly noEnv: boolean;
  /** Where given, files of secrets must be inside it. */
  readonly secretsDir?: string | undefined;
  /** The working directory, which relative paths start from. */
  readonly cwd: string;
}

export interface Resolved {
  /** Undefined where the node itself is an optional `value_from` that is not set. */
  readonly node: Node | undefined;
  readonly findings: readonly RawDiagnostic[];
}

/**
 * Replaces each `{value_from: …}` in a node, at any depth, by the value that it names: as text, never trimmed and never parsed as
 * YAML. An empty value counts as not set. Parts without one stay the same nodes.
 *
 * @param path the node's dotted path in the file
 */
export function resolveValues(node: Node, path: string, context: ResolveContext): Resolved {
  const findings: RawDiagnostic[] = [];
  // A node that aliases share is resolved and reported once.
  const known = new Map<Node, Node | undefined>();
  const visit = (from: Node, at: Location): Node | undefined => {
    if (!known.has(from)) known.set(from, resolveNode(from, at));
    return known.get(from);
  };
  const resolveNode = (from: Node, at: Location): Node | undefined => {
    if (from.kind === "sequence") {
      const items = from.items.map((item, index) => visit(item, inList(at, index)));
      const isSame = items.every((item, index) => item === from.items[index]);
      return isSame ? from : { ...from, items: items.filter((item) => item !== undefined) };
    }
    if (from.kind !== "mapping") return from;
    const reference = readValueFrom(from);
    if (!reference) return resolveEntries(from, at, visit);
    const outcome =
      "source" in reference
        ? readReference(reference, from.range, at, context)
        : { node: unresolved(from), findings: reference };
    for (const finding of outcome.findings) findings.push({ ...finding, path: at.path });
    return outcome.node;
  };
  const field = path.slice(path.lastIndexOf(".") + 1);
  return { node: visit(node, { path, field }), findings };
}

/** A value's path, and what to call it. */
interface Location {
  readonly path: string;
  readonly field: string;
}

function inList({ path, field }: Location, index: number): Location {
  return { path: `${path}.${index}`, field: `${field}[${index}]` };
}

function resolveEntries(
  mapping: MappingNode,
  { path }: Location,
  visit: (node: Node, at: Location) => Node | undefined,
): MappingNode {
  const entries = new Map<string, MappingEntry>();
  let isSame = true;
  for (const [key, entry] of mapping.entries) {
    const value = visit(entry.value, { path: path === "" ? key : `${path}.${key}`, field: maskName(key) });
    if (value !== entry.value) isSame = false;
    if (value) entries.set(key, value === entry.value ? entry : { ...entry, value });
  }
  return isSame ? mapping : { ...mapping, entries };
}

function readReference(reference: Reference, range: Range, at: Location, context: ResolveContext): Resolved {
  const { name, source } = reference;
  if (source === "env") {
    // Inherited properties of every object (`constructor`, `toString`) are no variables.
    const value = Object.hasOwn(context.env, name.text()) ? context.env[name.text()] : undefined;
    if (value) return { node: new ScalarNode(value, range, false, undefined, source), findings: [] };
    return absent(reference, range, context, notSet(reference, at, value === ""));
  }
  const file = readSecretFile(name.text(), context);
  switch (file.kind) {
    case "read": {
      const node = new ScalarNode(file.text, range, false, undefined, source);
      return { node, findings: file.loose ? [looseMode(reference)] : [] };
    }
    case "refused":
    case "denied": {
      const finding = secretFile(
        reference,
        withoutName(file.message, name.text()),
        withoutName(file.hint, name.text()),
      );
      const code = file.kind === "denied" ? "FILE_DENIED" : finding.code;
      return { node: { kind: "unresolved", range }, findings: [{ ...finding, code }] };
    }
    case "missing":
    case "empty": {
      const message = `the secret's file for \`${at.field}\` ${file.kind === "empty" ? "is empty" : "does not exist"}`;
      const hint = mayBeSecret(name.text())
        ? nameNotValue
        : "create the file, or add default or required: false to value_from";
      return absent(reference, range, context, secretFile(reference, message, hint));
    }
  }
}

/** The node for a missing value. */
function absent(
  { fallback, required }: Reference,
  range: Range,
  { noEnv }: ResolveContext,
  finding: RawDiagnostic,
): Resolved {
  if (fallback) return { node: fallback, findings: [] };
  if (noEnv) return { node: { kind: "unresolved", range }, findings: [] };
  if (!required) return { node: undefined, findings: [] };
  return { node: { kind: "unresolved", range }, findings: [finding] };
}

function notSet({ name }: Reference, { field }: Location, isEmpty: boolean): RawDiagnostic {
  const state = isEmpty ? "is empty, which counts as not set" : "is not set";
  return {
    severity: "error",
    code: "ENV_NOT_SET",
    message: `the environment variable ${maskName(name.text())} for \`${field}\` ${state}`,
    hint: mayBeSecret(name.text())
      ? nameNotValue
      : `export ${name.text()}, or add default or required: false to value_from`,
    range: name.range,
  };
}

const nameNotValue =
  "this looks like the secret itself: put it in a variable or file, and write the name of that, as in {value_from: {env: NAME}}";

function withoutName(told: string, name: string): string {
  return mayBeSecret(name) ? told.replaceAll(name, mask) : told;
}

function looseMode({ name }: Reference): RawDiagnostic {
  return {
    severity: "warning",
    code: "SECRET_FILE_MODE",
    message: "other users can read or change the secret's file: its mode is wider than 0640",
    hint: "restrict it: chmod 0640, or defaultMode: 0640 on a Kubernetes volume",
    range: name.range,
  };
}

function secretFile({ name }: Reference, message: string, hint: string): RawDiagnostic {
  return { severity: "error", code: "SECRET_FILE", message, hint, range: name.range };
}

function unresolved({ range }: MappingNode): Node {
  return { kind: "unresolved", range };
}
