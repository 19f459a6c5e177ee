import type { Kind } from "../plan/kind.js";
import type { Resource } from "../plan/resource.js";
import type { Document, MappingEntry, RawDiagnostic, ScalarNode } from "../yaml/node.js";
import { resolveValues } from "../yaml/resolve.js";
import { nounOf, valueSources } from "../yaml/value-sources.js";
import { bind } from "./bind.js";
import { checkEntries, declareStep, type ResourceEntry, referenceNames } from "./declare.js";
import { findFlatEntry } from "./flat-entry.js";
import { type RootContext, readRoot, type Section } from "./root.js";
import { createShapeReader, type ShapeReader } from "./schema-shape.js";
import type { Step } from "./step.js";
import { runStep } from "./step-code.js";
import { createStandIn, leaveOutUnknown, type StandIn } from "./unknown-values.js";
import { validatePart } from "./valid-part.js";

export interface ValidateContext extends RootContext {
  /** The time that `review` compares with. */
  readonly now: Date;
  readonly kinds: ReadonlyMap<string, Kind>;
  /** Whether to declare entries without their missing values, for a plan; only with `noEnv`. */
  readonly declareUnknown?: boolean | undefined;
}

export interface Validation {
  readonly enabled: readonly Step[];
  /** What the valid entries declare. Not for planning when `diagnostics` hold an error or `unresolved` is true. */
  readonly declarations: readonly Resource[];
  /** Whether `declarations` has all entries; one may lack a value whose variable is not set. */
  readonly isWhole: boolean;
  /** Every diagnostic of every file and step, in no particular order. */
  readonly diagnostics: readonly RawDiagnostic[];
  /** The values that a quoted line may show. */
  readonly shown: ReadonlySet<ScalarNode>;
  /** Keys that a quoted line must hide as well. */
  readonly secretKeys: readonly ScalarNode[];
  /** Whether values are missing because variables or files are missing. */
  readonly unresolved: boolean;
}

/** Turns documents, which together are one configuration, into what their enabled steps declare. */
export function validateDocuments(
  documents: readonly Document[],
  steps: readonly Step[],
  context: ValidateContext,
): Validation {
  const root = readRoot(documents, steps, context);
  const shapeOf = createShapeReader();
  const sections = root.sections.map((section) => validateSection(section, context, shapeOf));
  const declared = sections.flatMap((section) => section.declared);
  const shown = new Set([...root.shown, ...sections.flatMap((section) => [...section.shown])]);
  // An alias may stand for a secret in one field and for a harmless text in another.
  for (const { hidden } of sections) for (const node of hidden) shown.delete(node);
  return {
    enabled: root.enabled,
    declarations: declared.map(({ resource }) => resource),
    isWhole: sections.every(({ isWhole }) => isWhole),
    diagnostics: [
      ...root.diagnostics,
      ...sections.flatMap(({ diagnostics }) => diagnostics),
      ...checkEntries(declared, context.kinds),
      ...(context.declareUnknown && root.unresolved ? [unknownFlag] : []),
    ],
    shown,
    secretKeys: sections.flatMap((section) => section.secretKeys),
    unresolved: root.unresolved || sections.some(({ unresolved }) => unresolved),
  };
}

const unknownFlag: RawDiagnostic = {
  severity: "error",
  code: "ENV_NOT_SET",
  message: `whether a step is enabled comes from a ${nounOf(valueSources)} that is missing, so it can't be planned`,
  hint: "set it for the plan as well, or write true or false",
};

interface ValidSection {
  readonly declared: readonly ResourceEntry[];
  readonly isWhole: boolean;
  readonly diagnostics: readonly RawDiagnostic[];
  readonly shown: readonly ScalarNode[];
  readonly hidden: ReadonlySet<ScalarNode>;
  readonly secretKeys: readonly ScalarNode[];
  readonly unresolved: boolean;
}

function validateSection(section: Section, context: ValidateContext, shapeOf: ShapeReader): ValidSection {
  const read = (standIn?: StandIn) => readSection(section, context, shapeOf, standIn);
  if (!context.declareUnknown) return read();
  const first = read(createStandIn(0, shapeOf));
  if (!first.unresolved) return first;
  return leaveOutUnknown(first, read(createStandIn(1, shapeOf)), section.entry.keyRange);
}

function readSection(
  { step, entry }: Section,
  context: ValidateContext,
  shapeOf: ShapeReader,
  standIn: StandIn | undefined,
): ValidSection {
  const { schema, namespace } = step;
  const { node, diagnostics } = resolveValues(entry.value, namespace, context);
  if (node === undefined) {
    const nothing = {
      declared: [],
      isWhole: true,
      shown: [],
      hidden: new Set<ScalarNode>(),
      secretKeys: [],
      unresolved: false,
    };
    return { ...nothing, diagnostics: [...diagnostics, leftOut(entry)] };
  }
  const { value, muted, ...bound } = bind(schema, node, { namespace, shapeOf, standIn });
  const flat = findFlatEntry(step, node, shapeOf);
  if (flat) {
    const { hidden, secretKeys, unresolved } = bound;
    const nothing = { declared: [], isWhole: false, shown: referenceNames(entry.value, context.valueSources) };
    return { ...nothing, diagnostics: [...diagnostics, flat], hidden, secretKeys, unresolved };
  }
  const source = { namespace, schema, node, shapeOf };
  const part = runStep(step, "schema", value, () => validatePart(schema, value, source, muted));
  const reported = declareStep(step, part, source, muted, context);
  return {
    declared: reported.declared,
    isWhole: part.isWhole,
    diagnostics: [...diagnostics, ...bound.diagnostics, ...part.diagnostics, ...reported.diagnostics],
    shown: [...bound.shown, ...referenceNames(entry.value, context.valueSources)],
    hidden: bound.hidden,
    secretKeys: bound.secretKeys,
    unresolved: bound.unresolved,
  };
}

/** The whole namespace is a `value_from` with `required: false`, and its variable is not set. */
function leftOut({ key, keyRange }: MappingEntry): RawDiagnostic {
  return {
    severity: "error",
    code: "MISSING_FIELD",
    message: `the step is enabled, but \`${key}\` is empty`,
    hint: `write the step's configuration under \`${key}:\``,
    range: keyRange,
    path: key,
  };
}
