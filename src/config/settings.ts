import { isDeepStrictEqual } from "node:util";
import type * as z from "zod";
import { parseDuration } from "../duration.js";
import { type DiagnosticCode, isCode } from "../errors.js";
import { findPlaceholder } from "../secrets/placeholder.js";
import { version } from "../version.js";
import {
  type Document,
  findNode,
  type MappingEntry,
  type Node,
  type Range,
  type RawDiagnostic,
  UnresolvedNode,
} from "../yaml/node.js";
import { bind } from "./bind.js";
import { dotted, type ValuePath } from "./path.js";
import { toInteger } from "./scalar.js";
import type { ShapeReader } from "./schema-shape.js";
import { knownFormat, type Policy, settingsKey, settingsSchema } from "./settings-schema.js";
import { validatePart } from "./valid-part.js";
import type { Visibility } from "./visibility.js";

/** A code that a file allows or denies, and where. */
interface CodeSetting {
  readonly code: DiagnosticCode;
  readonly range: Range;
}

/** What all files of a run together say under `vtb_setup`. */
export interface Settings {
  /** Undefined where no file has one. */
  readonly policy: Policy | undefined;
  /** Where the first file says so, or could; undefined where no file has the root key. */
  readonly policyRange: Range | undefined;
  /** The permissions that exist, as all files list them, and where the first does; undefined where none does. */
  readonly permissions: { readonly names: readonly string[]; readonly range: Range } | undefined;
  /** The files that list more of them. */
  readonly catalogues: readonly CatalogueSetting[];
  readonly allow: readonly CodeSetting[];
  readonly deny: readonly CodeSetting[];
}

/** Where no file says anything. */
export const noSettings: Settings = {
  policy: undefined,
  policyRange: undefined,
  permissions: undefined,
  catalogues: [],
  allow: [],
  deny: [],
};

/** A file that lists permissions, as the configuration names it. */
export interface CatalogueSetting {
  /** As written: a relative one starts at the folder of the file that names it. */
  readonly path: string;
  /** The configuration file that names it. */
  readonly from: string;
  readonly range: Range;
}

/** Who manages what a file declares, as the file says it. */
export interface OwnerSetting {
  readonly name: string;
  /** The owner whose entries it takes over. */
  readonly formerly: string | undefined;
  readonly range: Range;
}

interface SettingsReading {
  readonly settings: Settings;
  /** The owner that a file names, if it does. */
  readonly ownerOf: (document: Document) => OwnerSetting | undefined;
  readonly diagnostics: readonly RawDiagnostic[];
  readonly addVisible: (visibility: Visibility) => void;
}

/** Reads `vtb_setup` of each file; a misspelt one, which is reported elsewhere, is read as well. */
export function readSettings(
  documents: readonly Document[],
  misspelt: readonly MappingEntry[],
  shapeOf: ShapeReader,
): SettingsReading {
  const files = documents.flatMap((document): readonly FileSettings[] => {
    const entries = document.root?.entries;
    const own = entries?.get(settingsKey) ?? misspelt.find((entry) => entries?.get(entry.key) === entry);
    return own === undefined ? [] : [readFile(document, own, shapeOf)];
  });
  const owners = new Map(files.map((file) => [file.document, ownerIn(file)]));
  const policies = files.filter(({ config }) => config.policy !== undefined);
  const first = <T>(read: (config: Config) => T | undefined): T | undefined =>
    files.map(({ config }) => read(config)).find((value) => value !== undefined);
  const seconds = (name: "max_lifetime" | "warn_before" | "unused_after") => {
    const text = first(({ policy }) => policy?.[name]);
    return text === undefined ? undefined : parseDuration(text);
  };
  const policy: Policy = {
    requireExpiry: first((config) => config.policy?.require_expiry),
    maxLifetimeSeconds: seconds("max_lifetime"),
    warnBeforeSeconds: seconds("warn_before"),
    unusedAfterSeconds: seconds("unused_after"),
  };
  return {
    settings: {
      policy: policies.length === 0 ? undefined : policy,
      policyRange: policies.map((file) => rangeIn(file, ["policy"]))[0] ?? files[0]?.node.range,
      permissions: permissionsIn(files),
      catalogues: files.flatMap(cataloguesIn),
      allow: files.flatMap((file) => codesIn(file, "allow")),
      deny: files.flatMap((file) => codesIn(file, "deny")),
    },
    ownerOf: (document) => owners.get(document),
    diagnostics: [
      ...files.flatMap(({ diagnostics }) => diagnostics),
      ...oncePerRun.flatMap((path) => contradictions(files, path)),
    ],
    addVisible: (visibility) => {
      for (const file of files) file.addVisible(visibility);
    },
  };
}

type Config = z.output<ReturnType<typeof settingsSchema>>;

interface FileSettings extends Pick<SettingsReading, "diagnostics" | "addVisible"> {
  readonly document: Document;
  readonly node: Node;
  /** Empty where the file's settings are not valid. */
  readonly config: Config;
}

function readFile(document: Document, entry: MappingEntry, shapeOf: ShapeReader): FileSettings {
  const { node, diagnostics } = withoutReferences(entry.value, []);
  const nothing = { document, node, config: {}, addVisible: () => {} };
  const format = node.kind === "mapping" ? node.entries.get("format")?.value : undefined;
  const number = format?.kind === "scalar" ? toInteger(format) : undefined;
  // What else a later format holds is not for this version to judge.
  if (number !== undefined && number !== knownFormat)
    return { ...nothing, diagnostics: [unknownFormat(number, format)] };
  const schema = settingsSchema();
  const source = { namespace: settingsKey, schema, node, shapeOf };
  const { value, muted, diagnostics: ofValues } = bind(schema, node, source);
  const part = validatePart(schema, value, source, muted);
  const found = [...ofValues, ...part.diagnostics].map(withoutAdvice);
  const config = (part.config ?? {}) as Config; // the output of this schema
  return {
    document,
    node,
    config,
    diagnostics: [...diagnostics, ...found],
    addVisible: (visibility) => void bind(schema, node, { ...source, visibility }),
  };
}

/** Each `value_from` is an error, and unknown from then on. */
function withoutReferences(
  node: Node,
  path: ValuePath,
): { readonly node: Node; readonly diagnostics: readonly RawDiagnostic[] } {
  if (node.kind === "sequence") {
    const read = node.items.map((item, index) => withoutReferences(item, [...path, index]));
    return {
      node: node.withItems(read.map((item) => item.node)),
      diagnostics: read.flatMap((item) => item.diagnostics),
    };
  }
  if (node.kind !== "mapping") return { node, diagnostics: [] };
  if (node.entries.has("value_from")) {
    const diagnostic: RawDiagnostic = {
      severity: "error",
      code: "VALUE_FROM_INVALID",
      message: `\`${settingsKey}\` takes nothing from the environment, so \`value_from\` can't be used here`,
      hint: "write the value itself",
      range: node.range,
      path: dotted(settingsKey, path),
    };
    return { node: new UnresolvedNode(node.source, node.start, node.end), diagnostics: [diagnostic] };
  }
  const diagnostics: RawDiagnostic[] = [];
  const pairs = node.pairs.map((entry) => {
    const read = withoutReferences(entry.value, [...path, entry.key]);
    for (const diagnostic of read.diagnostics) diagnostics.push(diagnostic);
    return entry.withValue(read.node);
  });
  return { node: node.withPairs(pairs), diagnostics };
}

/** A placeholder can't be replaced by a variable here. */
function withoutAdvice(diagnostic: RawDiagnostic): RawDiagnostic {
  const { code } = diagnostic;
  const isPlaceholder = code === "PLACEHOLDER" || code === "VALUE_FROM_IN_TEXT";
  return isPlaceholder ? { ...diagnostic, hint: "write the value itself, or render the file first" } : diagnostic;
}

function unknownFormat(format: number, node: Node | undefined): RawDiagnostic {
  const message = `this file has the format ${format}, and version ${version} of vtb-setup reads format ${knownFormat}`;
  const hint =
    format > knownFormat
      ? `use a newer version of vtb-setup, one that reads format ${format}`
      : `write \`format: ${knownFormat}\``;
  return {
    severity: "error",
    code: "FORMAT_UNKNOWN",
    message,
    hint,
    range: node?.range,
    path: `${settingsKey}.format`,
  };
}

function ownerIn(file: FileSettings): OwnerSetting | undefined {
  const { owner } = file.config;
  if (owner === undefined) return undefined;
  const { name, formerly } = typeof owner === "string" ? { name: owner, formerly: undefined } : owner;
  return { name, formerly, range: rangeIn(file, ["owner"]) };
}

function codesIn(file: FileSettings, list: "allow" | "deny"): readonly CodeSetting[] {
  const codes = file.config[list] ?? [];
  return codes.flatMap((code, index) => (isCode(code) ? [{ code, range: rangeIn(file, [list, index]) }] : []));
}

function permissionsIn(files: readonly FileSettings[]): Settings["permissions"] {
  const [first] = files.filter(({ config }) => config.permissions !== undefined);
  if (first === undefined) return undefined;
  const names = files
    .flatMap(({ config }) => config.permissions ?? [])
    .map((entry) => (typeof entry === "string" ? entry : entry.name));
  return { names, range: rangeIn(first, ["permissions"]) };
}

function cataloguesIn(file: FileSettings): readonly CatalogueSetting[] {
  const { catalogue = [] } = file.config;
  const from = file.document.file;
  const settings =
    typeof catalogue === "string"
      ? [{ path: catalogue, from, range: rangeIn(file, ["catalogue"]) }]
      : catalogue.map((path, index) => ({ path, from, range: rangeIn(file, ["catalogue", index]) }));
  // That there is no file of the name of a placeholder would report the same mistake twice.
  return settings.filter(({ path }) => findPlaceholder(path, false) === undefined);
}

function rangeIn({ node }: FileSettings, path: ValuePath): Range {
  return findNode(node, path).node.range;
}

/** The settings of which a run has one each. */
const oncePerRun: readonly ValuePath[] = [
  ["policy", "require_expiry"],
  ["policy", "max_lifetime"],
  ["policy", "warn_before"],
  ["policy", "unused_after"],
];

/** Files that say different things about one setting of the run. */
function contradictions(files: readonly FileSettings[], path: ValuePath): readonly RawDiagnostic[] {
  const said = files.flatMap((file) => {
    const value = path.reduce<unknown>(
      (part, name) => (part as Record<string | number, unknown> | undefined)?.[name],
      file.config,
    );
    return value === undefined ? [] : [{ value, range: rangeIn(file, path) }];
  });
  const [first, ...others] = said;
  return others
    .filter(({ value }) => !isDeepStrictEqual(comparable(value), comparable(first?.value)))
    .map(({ range }) => ({
      severity: "error",
      code: "INVALID_VALUE",
      message: `this contradicts ${first?.range.position.file}:${first?.range.position.line}: all files together form one configuration`,
      hint: "say it in one file only, or the same in each",
      range,
      path: dotted(settingsKey, path),
    }));
}

/** `24h` is `1d`. */
function comparable(value: unknown): unknown {
  return typeof value === "string" ? (parseDuration(value) ?? value) : value;
}
