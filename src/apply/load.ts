import { mayNameCatalogue } from "../config/catalogue.js";
import { findConfusableNames } from "../config/declare.js";
import { overlayDocuments } from "../config/overlay.js";
import { easeForeignDuplicates } from "../config/root-keys.js";
import { validateDocuments } from "../config/validate.js";
import type { Diagnostic } from "../errors.js";
import type { Kind } from "../plan/kind.js";
import { createPlan } from "../plan/plan.js";
import { reviewReferences } from "../plan/references.js";
import type { Change, Resource } from "../plan/resource.js";
import { coreKinds, coreSteps } from "../resources/registry.js";
import { hideScalars, quoteSource } from "../yaml/excerpt.js";
import type { Document, RawDiagnostic } from "../yaml/node.js";
import { type ConfigSource, readDocuments } from "../yaml/read.js";
import type { ValueSources } from "../yaml/value-sources.js";
import type { LoadOptions } from "./options.js";
import { declaredPolicies, ownersOfFiles } from "./owners.js";
import { type Configuration, loadDefaults } from "./run.js";
import { judge, requireCodes, severityRules, tellAllowedGuards } from "./severity.js";
import { refuseClashes, withSteps } from "./step-modules.js";

/**
 * Reads and validates files, folders of `*.yaml` and `*.yml`, `-` (standard input), and objects that say what a file would, as one
 * configuration. With `noEnv`,
 * the values of missing variables and secret files are unknown in a plan, and `apply` refuses the configuration.
 *
 * @throws SetupError (invalid) with every diagnostic of every file
 */
export async function loadConfig(
  sources: readonly ConfigSource[],
  options: Partial<LoadOptions> & { readonly noEnv?: boolean } = {},
): Promise<Configuration> {
  const { noEnv = false } = options;
  const given = { ...loadDefaults(), ...options, noEnv, declareUnknown: noEnv };
  // A plan adds the diagnostics of what it depends on itself.
  const { declarations, kinds, owners, settings, catalogue, files, diagnostics, quote } = await readConfiguration(
    sources,
    given,
    () => Promise.resolve([]),
  );
  const loaded = { kinds, owners, settings, catalogue, files };
  return { ...loaded, resources: declarations, warnings: diagnostics, withoutEnv: noEnv, quote };
}

/**
 * Checks files and objects without planning anything, and returns the warnings; `noEnv` accepts missing variables and files.
 *
 * @throws SetupError (invalid) with every diagnostic of every file
 */
export async function validate(
  sources: readonly ConfigSource[],
  options: Partial<LoadOptions> & { readonly noEnv?: boolean } = {},
): Promise<readonly Diagnostic[]> {
  const review: Review = async (kinds, desired, now) =>
    (await planForNothing(kinds, desired, { now, newId: () => "" })).diagnostics;
  return (await readConfiguration(sources, { ...loadDefaults(), noEnv: false, ...options }, review)).diagnostics;
}

/** The changes of a plan for an empty database, and the diagnostics of it, of references, and of guards that need no database. */
export async function planForNothing(
  kinds: readonly Kind[],
  desired: readonly Resource[],
  { now, newId }: { readonly now: Date; readonly newId: () => string },
): Promise<{ readonly changes: readonly Change[]; readonly diagnostics: readonly RawDiagnostic[] }> {
  const nothing = { owners: [], prune: false, newId };
  const input = { ...nothing, kinds, desired, current: new Map(), isDatabaseKnown: false };
  const { world, changes, diagnostics } = createPlan(input);
  const found = [...diagnostics, ...reviewReferences(kinds, world)];
  for (const kind of kinds) {
    const guarded = await kind.guard?.({ db: undefined, now: now.toISOString() }, world);
    for (const { reason: _, ...refusal } of guarded?.refusals ?? []) found.push({ ...refusal, severity: "error" });
    for (const diagnostic of guarded?.diagnostics ?? []) found.push(diagnostic);
  }
  return { changes, diagnostics: found };
}

/** The full parser takes longer to load than a small file to apply. */
function parseNothing(): never {
  throw new Error("a catalogue was read that no file names");
}

/** Adds what to know of valid entries. */
type Review = (kinds: readonly Kind[], desired: readonly Resource[], now: Date) => Promise<readonly RawDiagnostic[]>;

/** How a configuration is read, beside the options that callers have. */
interface ReadOptions extends LoadOptions {
  readonly noEnv: boolean;
  readonly declareUnknown?: boolean;
  /** Where `value_from` may take values from; defaults to those of files. */
  readonly valueSources?: ValueSources;
  /** Adds to diagnostics before they are quoted. */
  readonly describe?: (found: readonly RawDiagnostic[], documents: readonly Document[]) => readonly RawDiagnostic[];
}

/** Reads and validates files and objects. */
export async function readConfiguration(given: readonly ConfigSource[], options: ReadOptions, review: Review) {
  requireCodes(options);
  const kinds = [...coreKinds, ...withSteps(options.kinds, options.steps)];
  const steps = [...coreSteps, ...options.steps];
  refuseClashes(steps, kinds);
  const base = await readDocuments(given, options.stdin);
  const over = await readDocuments(options.overlays, options.stdin);
  const documents = over.documents.reduce((under, overlay) => overlayDocuments(under, overlay, steps), base.documents);
  const ofFiles = easeForeignDuplicates([...base.diagnostics, ...over.diagnostics], steps);
  const validation = validateDocuments(documents, steps, {
    ...options,
    kinds: new Map(kinds.map((kind) => [kind.name, kind])),
    incomplete: ofFiles.some(({ severity }) => severity === "error"),
    parse: documents.some(mayNameCatalogue) ? (await import("../yaml/parse.js")).parseInFull : parseNothing,
  });
  const { describe = (found) => found } = options;
  const { declarations, visibility } = validation;
  const quote = (found: readonly RawDiagnostic[]) => {
    if (found.length === 0) return [];
    const shown = visibility();
    const quotable = hideScalars([...base.sources, ...over.sources], shown.secretKeys);
    return quoteSource(describe(found, documents), quotable, shown);
  };
  const found = [...ofFiles, ...validation.diagnostics, ...(await findConfusableNames(kinds, declarations))];
  const isSound = !found.some(({ severity }) => severity === "error");
  // A missing entry could be what another one refers to.
  if (isSound && validation.isWhole) {
    const policies = declaredPolicies(validation.settings, ownersOfFiles(validation.owners));
    for (const diagnostic of await review(kinds, [...declarations, ...policies], options.now)) found.push(diagnostic);
  }
  const rules = severityRules(options, validation.settings);
  const diagnostics = judge(rules, quote([...found, ...tellAllowedGuards(validation.settings, rules)]));
  return {
    documents,
    steps: validation.enabled,
    visibility,
    declarations,
    kinds,
    owners: validation.owners,
    settings: validation.settings,
    catalogue: validation.catalogue,
    files: [
      ...documents.map((document) => {
        const owner = validation.ownerOf(document)?.name;
        return { file: document.file, sha256: document.sha256, ...(owner !== undefined && { owner }) };
      }),
      ...over.documents.map(({ file, sha256 }) => ({ file, sha256 })),
    ],
    diagnostics,
    quote,
  };
}
