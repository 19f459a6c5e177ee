import type { Kind } from "../plan/kind.js";
import type { Resource } from "../plan/resource.js";
import type { Document, MappingEntry, Node, RawDiagnostic, ScalarNode } from "../yaml/node.js";
import { resolveValues } from "../yaml/resolve.js";
import { nounOf, type ValueSources, valueSources } from "../yaml/value-sources.js";
import { bind } from "./bind.js";
import { type Catalogue, checkPermissions, type ParseFile, readCatalogue } from "./catalogue.js";
import { checkEntries, declareStep, type ResourceEntry, referenceNames } from "./declare.js";
import { checkRenames } from "./entry-settings.js";
import { findFlatEntry } from "./flat-entry.js";
import type { IssueSource } from "./issues.js";
import { type RootContext, readRoot, type Section } from "./root.js";
import { createShapeReader, type ShapeReader } from "./schema-shape.js";
import { type OwnerSetting, readSettings, type Settings } from "./settings.js";
import { defaultOwner } from "./settings-schema.js";
import type { Step } from "./step.js";
import { runStep } from "./step-code.js";
import { createStandIn, leaveOutUnknown, type StandIn } from "./unknown-values.js";
import { validatePart } from "./valid-part.js";
import { Visibility } from "./visibility.js";

export interface ValidateContext extends RootContext {
  /** The time that `review` compares with. */
  readonly now: Date;
  readonly kinds: ReadonlyMap<string, Kind>;
  /** Whether to declare entries without their missing values, for a plan; only with `noEnv`. */
  readonly declareUnknown?: boolean | undefined;
  /** Parses a catalogue. */
  readonly parse: ParseFile;
}

export interface Validation {
  readonly enabled: readonly Step[];
  readonly settings: Settings;
  /** The permissions that exist; undefined where the files don't say. */
  readonly catalogue: Catalogue | undefined;
  /** The owners of the files, each once. */
  readonly owners: readonly FileOwner[];
  /** The owner that a file names, if it does. */
  readonly ownerOf: (document: Document) => OwnerSetting | undefined;
  /** What the valid entries declare. Not for planning when `diagnostics` hold an error or `unresolved` is true. */
  readonly declarations: readonly Resource[];
  /** Whether `declarations` has all entries; one may lack a value whose variable is not set. */
  readonly isWhole: boolean;
  /** Every diagnostic of every file and step, in no particular order. */
  readonly diagnostics: readonly RawDiagnostic[];
  /** What a quoted line may show; collected at the first call. */
  readonly visibility: () => Visibility;
  /** Whether values are missing because variables or files are missing. */
  readonly unresolved: boolean;
}

/** Who manages what some of the files declare. */
export interface FileOwner {
  /** Undefined for files that name none. */
  readonly setting: OwnerSetting | undefined;
  /** The kinds that its files declare, or would if they had entries. */
  readonly kinds: ReadonlySet<string>;
}

/** Turns documents, which together are one configuration, into what their enabled steps declare. */
export function validateDocuments(
  documents: readonly Document[],
  steps: readonly Step[],
  context: ValidateContext,
): Validation {
  const root = readRoot(documents, steps, context);
  const shapeOf = createShapeReader();
  const settings = readSettings(documents, root.misspeltSettings, shapeOf);
  const ofCatalogue = readCatalogue(settings.settings, context.cwd, context.parse);
  const { catalogue } = ofCatalogue;
  const sections = root.sections.map((section) => {
    const owner = settings.ownerOf(section.document)?.name ?? defaultOwner;
    return validateSection(section, { ...context, owner }, shapeOf);
  });
  const declared = sections.flatMap((section) => section.declared);
  let visibility: Visibility | undefined;
  return {
    enabled: root.enabled,
    settings: settings.settings,
    catalogue,
    owners: ownersOf(root.sections, settings.ownerOf),
    ownerOf: settings.ownerOf,
    declarations: declared.map(({ resource }) => resource),
    isWhole: sections.every(({ isWhole }) => isWhole),
    diagnostics: [
      ...root.diagnostics,
      ...settings.diagnostics,
      ...sections.flatMap(({ diagnostics }) => diagnostics),
      ...checkEntries(declared, context.kinds),
      ...ofCatalogue.diagnostics,
      ...(catalogue ? checkPermissions(declared, context.kinds, catalogue) : []),
      ...checkRenames(declared.map(({ resource }) => resource)),
      ...(context.declareUnknown && root.unresolved ? [unknownFlag] : []),
    ],
    visibility: () => {
      visibility ??= collectVisible(shapeOf, root.shown, [settings, ...sections]);
      return visibility;
    },
    unresolved: root.unresolved || sections.some(({ unresolved }) => unresolved),
  };
}

/** All parts are collected together: an alias may stand for a secret in one of them and for a harmless text in another. */
function collectVisible(
  shapeOf: ShapeReader,
  flags: readonly ScalarNode[],
  parts: readonly Pick<ValidSection, "addVisible">[],
): Visibility {
  const visibility = new Visibility(shapeOf);
  for (const flag of flags) visibility.show(flag);
  for (const { addVisible } of parts) addVisible(visibility);
  return visibility;
}

/** A file without a namespace of an enabled step manages nothing, and so has no say in what is pruned. */
function ownersOf(sections: readonly Section[], ownerOf: Validation["ownerOf"]): readonly FileOwner[] {
  const owners = new Map<string, FileOwner>();
  for (const { step, document } of sections) {
    const setting = ownerOf(document);
    const name = JSON.stringify([setting?.name, setting?.formerly]);
    const kinds = new Set([...(owners.get(name)?.kinds ?? []), ...step.kinds]);
    owners.set(name, { setting: owners.get(name)?.setting ?? setting, kinds });
  }
  return [...owners.values()];
}

const unknownFlag: RawDiagnostic = {
  severity: "error",
  code: "ENV_NOT_SET",
  message: `whether a step is enabled comes from a ${nounOf(valueSources)} that is missing, so it can't be planned`,
  hint: "set it for the plan as well, or write true or false",
};

interface SectionContext extends ValidateContext {
  /** Who manages what the section declares. */
  readonly owner: string;
}

interface ValidSection {
  readonly declared: readonly ResourceEntry[];
  readonly isWhole: boolean;
  readonly diagnostics: readonly RawDiagnostic[];
  readonly addVisible: (visibility: Visibility) => void;
  readonly unresolved: boolean;
}

function validateSection(section: Section, context: SectionContext, shapeOf: ShapeReader): ValidSection {
  const read = (standIn?: StandIn) => readSection(section, context, shapeOf, standIn);
  if (!context.declareUnknown) return read();
  const first = read(createStandIn(0, shapeOf));
  if (!first.unresolved) return first;
  return leaveOutUnknown(first, read(createStandIn(1, shapeOf)), section.entry.keyRange);
}

function readSection(
  { step, entry }: Section,
  context: SectionContext,
  shapeOf: ShapeReader,
  standIn: StandIn | undefined,
): ValidSection {
  const { schema, namespace } = step;
  const { node, diagnostics } = resolveValues(entry.value, namespace, context);
  if (node === undefined) {
    const nothing = { declared: [], isWhole: true, addVisible: () => {}, unresolved: false };
    return { ...nothing, diagnostics: [...diagnostics, leftOut(entry)] };
  }
  const source = { namespace, schema, node, shapeOf };
  const addVisible = visibleIn(source, entry.value, context.valueSources);
  const flat = findFlatEntry(step, node, shapeOf);
  if (flat) {
    const { unresolved } = bind(schema, node, { ...source, standIn });
    return { declared: [], isWhole: false, diagnostics: [...diagnostics, flat], addVisible, unresolved };
  }
  const { part, muted, unresolved, diagnostics: ofValues } = readPart(step, source, standIn);
  const reported = declareStep(step, part, source, muted, context);
  return {
    declared: reported.declared,
    isWhole: part.isWhole,
    diagnostics: [...diagnostics, ...ofValues, ...part.diagnostics, ...reported.diagnostics],
    addVisible,
    unresolved,
  };
}

/** Apart, so that nothing keeps what was bound once it is validated. */
function readPart(step: Step, source: IssueSource, standIn: StandIn | undefined) {
  const { value, ...bound } = bind(step.schema, source.node, { ...source, standIn });
  const part = runStep(step, "schema", value, () => validatePart(step.schema, value, source, bound.muted));
  return { ...bound, part };
}

/** Likewise: what it returns is kept as long as something may be quoted. */
function visibleIn(source: IssueSource, written: Node, sources: ValueSources | undefined): ValidSection["addVisible"] {
  return (visibility) => {
    for (const name of referenceNames(written, sources)) visibility.show(name);
    bind(source.schema, source.node, { ...source, visibility });
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
