import { findPlaceholder, placeholders } from "../secrets/placeholder.js";
import type { Document, MappingEntry, RawDiagnostic, ScalarNode } from "../yaml/node.js";
import { type ResolveContext, resolveValues } from "../yaml/resolve.js";
import { describeShape } from "./expectation.js";
import { findUnknownRootKeys } from "./root-keys.js";
import { toBoolean } from "./scalar.js";
import { createShapeReader } from "./schema-shape.js";
import { settingsKey } from "./settings-schema.js";
import type { Step } from "./step.js";

export interface RootContext extends ResolveContext {
  /** Some file could not be read, and may contain what the others lack. */
  readonly incomplete?: boolean;
}

/** One file's configuration of an enabled step. */
export interface Section {
  readonly step: Step;
  readonly document: Document;
  readonly entry: MappingEntry;
}

interface RootReading {
  readonly enabled: readonly Step[];
  readonly sections: readonly Section[];
  /** What was probably meant to be `vtb_setup`. */
  readonly misspeltSettings: readonly MappingEntry[];
  readonly diagnostics: readonly RawDiagnostic[];
  /** The flags' values, which are harmless to show. */
  readonly shown: readonly ScalarNode[];
  /** Whether a flag is unknown, because its variable is not set. */
  readonly unresolved: boolean;
}

/** Finds the steps that the files together enable, and their configuration. */
export function readRoot(documents: readonly Document[], steps: readonly Step[], context: RootContext): RootReading {
  const unknown = findUnknownRootKeys(documents, steps);
  const read = steps.map((step) => readStep(step, documents, unknown.meant, context));
  const enabled = read.filter(({ isEnabled }) => isEnabled);
  const isFlagInDoubt = read.some(({ step, flags }) => unknown.meant.has(step.flag) || flags.some(isInDoubt));
  const isIdle = enabled.length === 0 && !isFlagInDoubt && !context.incomplete;
  const flags = read.flatMap((step) => step.flags);
  return {
    enabled: enabled.map(({ step }) => step),
    sections: enabled.flatMap(({ step, entries }) =>
      entries.flatMap((entry) => {
        const document = documents.find(({ root }) => root?.entries.get(entry.key) === entry);
        return document === undefined ? [] : [{ step, document, entry }];
      }),
    ),
    misspeltSettings: unknown.meant.get(settingsKey) ?? [],
    diagnostics: [
      ...unknown.diagnostics,
      ...read.flatMap(({ diagnostics }) => diagnostics),
      ...(isIdle ? [nothingEnabled(steps)] : []),
    ],
    shown: flags.flatMap(({ shown }) => shown),
    unresolved: flags.some(({ state }) => state === "unknown"),
  };
}

interface ReadStep {
  readonly step: Step;
  readonly isEnabled: boolean;
  readonly flags: readonly Flag[];
  readonly entries: readonly MappingEntry[];
  readonly diagnostics: readonly RawDiagnostic[];
}

function readStep(
  step: Step,
  documents: readonly Document[],
  meant: ReadonlyMap<string, readonly MappingEntry[]>,
  context: RootContext,
): ReadStep {
  const written = entriesOf(documents, step.flag).map((entry) => readFlag(entry, context));
  // A misspelt key's value is validated too, so that everything is reported at once; the misspelling is reported as well.
  const misspelt = (meant.get(step.flag) ?? []).map((entry) => ({
    ...readFlag(entry, context),
    diagnostics: [],
    shown: [],
  }));
  const flags = written.length > 0 ? written : misspelt;
  const namespaces = entriesOf(documents, step.namespace);
  const entries = namespaces.length > 0 ? namespaces : (meant.get(step.namespace) ?? []);
  const on = flags.find(({ state }) => state === "on");
  // Where it is unknown whether a step runs, its configuration is validated if there is any, and not required.
  const isEnabled = on !== undefined || (entries.length > 0 && flags.some(({ state }) => state === "unknown"));
  const diagnostics = flags.flatMap((flag) => flag.diagnostics).concat(contradictions(flags, step));
  if (on !== undefined && entries.length === 0 && !context.incomplete) {
    diagnostics.push(withoutNamespace(on, step));
  }
  const isForgotten = flags.every(({ state }) => state === "absent") && !context.incomplete && !meant.has(step.flag);
  if (isForgotten) for (const entry of namespaces) diagnostics.push(notEnabled(entry, step));
  return { step, isEnabled, flags, entries, diagnostics };
}

function entriesOf(documents: readonly Document[], key: string): readonly MappingEntry[] {
  return documents.flatMap(({ root }) => root?.entries.get(key) ?? []);
}

function isInDoubt({ state }: Flag): boolean {
  return state === "unknown" || state === "invalid";
}

function contradictions(flags: readonly Flag[], { flag }: Step): readonly RawDiagnostic[] {
  const [first, ...others] = flags.filter(({ state }) => state === "on" || state === "off");
  const different = others.find(({ state }) => state !== first?.state);
  if (first === undefined || different === undefined) return [];
  const { file, line } = first.entry.value.range.position;
  return [
    {
      severity: "error",
      code: "INVALID_VALUE",
      message: `\`${flag}\` contradicts ${file}:${line}: all files together form one configuration`,
      hint: "set the flag in one file only",
      range: different.entry.value.range,
      path: flag,
    },
  ];
}

function withoutNamespace({ entry }: Flag, { flag, namespace, title }: Step): RawDiagnostic {
  return {
    severity: "error",
    code: "MISSING_FIELD",
    message: `\`${flag}\` is true, but \`${namespace}\` is missing`,
    hint: `add \`${namespace}:\` at the root with the configuration of the step "${title}", or set the flag to false`,
    range: entry.keyRange,
    path: namespace,
  };
}

function notEnabled({ key, keyRange }: MappingEntry, { flag }: Step): RawDiagnostic {
  return {
    severity: "warning",
    code: "STEP_NOT_ENABLED",
    message: `\`${key}\` is ignored, because \`${flag}\` is not true`,
    hint: `add \`${flag}: true\` at the root, or \`${flag}: false\` to disable it on purpose`,
    range: keyRange,
    path: key,
  };
}

function nothingEnabled(steps: readonly Step[]): RawDiagnostic {
  return {
    severity: "error",
    code: "NO_STEPS_ENABLED",
    message: "no step is enabled",
    hint: `set at least one of these to true at the root: ${steps.map(({ flag }) => flag).join(", ")}`,
  };
}

/** One file's flag for a step. `unknown`: its variable is not set; `invalid`: a diagnostic gives the reason. */
interface Flag {
  readonly state: "on" | "off" | "absent" | "unknown" | "invalid";
  readonly entry: MappingEntry;
  readonly diagnostics: readonly RawDiagnostic[];
  readonly shown: readonly ScalarNode[];
}

function readFlag(entry: MappingEntry, context: ResolveContext): Flag {
  const { node, diagnostics } = resolveValues(entry.value, entry.key, context);
  if (node === undefined) return { state: "absent", entry, diagnostics, shown: [] };
  if (node.kind === "unresolved") return { state: "unknown", entry, diagnostics, shown: [] };
  const shown = node.kind === "scalar" ? [node] : [];
  const value = node.kind === "scalar" && !node.isNull() ? toBoolean(node) : undefined;
  if (value !== undefined) return { state: value ? "on" : "off", entry, diagnostics, shown };
  const placeholder =
    node.kind === "scalar" && node.origin === undefined ? findPlaceholder(node.text(), false) : undefined;
  const reported = placeholder === undefined ? notBoolean : placeholders[placeholder];
  const diagnostic: RawDiagnostic = { severity: "error", ...reported, range: node.range, path: entry.key };
  return { state: "invalid", entry, diagnostics: [...diagnostics, diagnostic], shown };
}

const notBoolean = {
  code: "WRONG_TYPE",
  message: `expected ${describeShape({ kind: "boolean" }, createShapeReader())}`,
} as const;
