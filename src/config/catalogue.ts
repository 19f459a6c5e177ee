import { readFileSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import * as z from "zod";
import { listSome } from "../errors.js";
import { nearestField } from "../nearest.js";
import type { Kind, PlannedWorld } from "../plan/kind.js";
import type { KindShape } from "../plan/kind-shape.js";
import { rangeOf } from "../plan/resource.js";
import { explainAccess } from "../secrets/file-access.js";
import { maskRandom } from "../secrets/random-looking.js";
import { type AdminRight, adminRights, permissionOf } from "../users/admin-rights.js";
import { type DecodedFile, decodeFile } from "../yaml/decode.js";
import type { Document, Range, RawDiagnostic } from "../yaml/node.js";
import type { ParsedFile } from "../yaml/parse-simple.js";
import type { ResourceEntry } from "./declare.js";
import { lazily } from "./fields.js";
import { dotted } from "./path.js";
import type { CatalogueSetting, Settings } from "./settings.js";
import { describedPermission, settingsKey } from "./settings-schema.js";
import { validateWhole } from "./whole-document.js";

/** The permissions that exist. */
export interface Catalogue {
  readonly has: (permission: string) => boolean;
  /** What a misspelt permission was probably meant to be. */
  readonly nearest: (permission: string) => string | undefined;
  /** Where the first file says what it is. */
  readonly range: Range;
}

/** The content of a catalogue's file, which an API publishes. */
export const catalogueFileSchema = lazily(() =>
  z
    .strictObject({
      formatVersion: z.literal(1).describe("The format of this file."),
      permissions: z.array(describedPermission()).describe("The permissions that the API asks for."),
    })
    .describe("The permissions that an API asks for, for `catalogue` under `vtb_setup`."),
);

/** The catalogue that the files name or list, joined; undefined where they have none, or one that can't be read. */
export function readCatalogue(
  { permissions, catalogues }: Settings,
  cwd: string,
  parse: ParseFile,
): { readonly catalogue: Catalogue | undefined; readonly diagnostics: readonly RawDiagnostic[] } {
  const range = permissions?.range ?? catalogues[0]?.range;
  if (range === undefined) return { catalogue: undefined, diagnostics: [] };
  const files = catalogues.map((setting) => readFile(setting, cwd, parse));
  const diagnostics = files.flatMap((file) => file.diagnostics);
  // What a catalogue that can't be read would have listed is no mistake.
  if (diagnostics.length > 0) return { catalogue: undefined, diagnostics };
  const names = [...(permissions?.names ?? []), ...files.flatMap((file) => file.names)];
  return { catalogue: createCatalogue(names, range), diagnostics };
}

const ownPermissions = (Object.keys(adminRights) as readonly AdminRight[]).map(permissionOf);

/** A `*` in a name stands for one part between dots, whatever it is. */
function createCatalogue(listed: readonly string[], range: Range): Catalogue {
  const names = [...new Set([...ownPermissions, ...listed])];
  const exact = new Set(names);
  const plain = names.filter((name) => !name.includes("*"));
  const patterns = names.filter((name) => name.includes("*"));
  return {
    has: (permission) => exact.has(permission) || patterns.some((pattern) => fitsPattern(pattern, permission)),
    nearest: (permission) =>
      nearestField(permission, [...plain, ...patterns.flatMap((pattern) => fillIn(pattern, permission) ?? [])]),
    range,
  };
}

/** Whether a permission is what a name of a catalogue stands for. */
export function fitsPattern(pattern: string, permission: string): boolean {
  return fillIn(pattern, permission) === permission;
}

/** A pattern with the parts of a permission for its `*`; undefined where they have not as many parts. */
function fillIn(pattern: string, permission: string): string | undefined {
  const [parts, given] = [pattern.split("."), permission.split(".")];
  if (parts.length !== given.length) return undefined;
  return parts.map((part, index) => (part === "*" ? given[index] : part)).join(".");
}

/** Parses a catalogue. */
export type ParseFile = (file: DecodedFile) => ParsedFile;

/** Whether a file may name a catalogue, also under a misspelt `vtb_setup`. Only the full parser can read one, in every form. */
export function mayNameCatalogue({ root }: Document): boolean {
  return root?.pairs.some(({ value }) => value.kind === "mapping" && value.get("catalogue") !== undefined) ?? false;
}

interface CatalogueFile {
  readonly names: readonly string[];
  readonly diagnostics: readonly RawDiagnostic[];
}

const maxBytes = 4 * 1024 * 1024;

/** Reads a catalogue's file, which is JSON and so YAML. What is in it is never quoted: it may be the wrong file. */
function readFile({ path, from, range }: CatalogueSetting, cwd: string, parse: ParseFile): CatalogueFile {
  const where = { range, path: dotted(settingsKey, ["catalogue"]) };
  const refuse = (message: string, hint: string): CatalogueFile => ({
    names: [],
    diagnostics: [{ severity: "error", code: "CATALOGUE_INVALID", message, hint, ...where }],
  });
  const isFile = !/^<\w+>$/.test(from);
  const file = resolve(isFile ? dirname(from) : cwd, path);
  let bytes: Buffer;
  try {
    const stats = statSync(file);
    // Opening a pipe would wait for a writer.
    if (!stats.isFile()) return refuse(`the catalogue ${path} is not a regular file`, "name a JSON file");
    if (stats.size > maxBytes) {
      return refuse(`the catalogue ${path} is larger than 4 MiB`, "check that it is the right file");
    }
    bytes = readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    const denied = explainAccess("the catalogue", file, "read");
    if (denied && code !== "ENOENT") return refuse(denied.message, denied.hint);
    const isMissing = code === "ENOENT" || code === "ENOTDIR";
    const hint = `a relative path starts at ${isFile ? "the folder of this file" : "the working directory"}`;
    return refuse(`the catalogue ${path} ${isMissing ? "does not exist" : `can't be read (${code})`}`, hint);
  }
  const { names, diagnostics } = parseCatalogue(decodeFile(basename(path), bytes), parse);
  return {
    names,
    diagnostics: diagnostics.map(({ message, hint, range: inside, path: field }) => {
      const { line, column } = inside?.position ?? { line: 1, column: 1 };
      const at = field === undefined ? "" : ` ${field}`;
      const text = `the catalogue ${path} is not valid: ${line}:${column}${at}: ${message}`;
      return { severity: "error", code: "CATALOGUE_INVALID", message: text, hint, ...where };
    }),
  };
}

function parseCatalogue(file: DecodedFile, parse: ParseFile): CatalogueFile {
  const { document, diagnostics: syntax } = parse(file);
  if (syntax.length > 0) return { names: [], diagnostics: syntax };
  if (document?.root === undefined) return { names: [], diagnostics: [emptyFile] };
  const { config, diagnostics } = validateWhole(catalogueFileSchema(), document.root);
  // A description is for people, whatever is in it.
  const found = diagnostics.filter(({ code }) => code !== "PLACEHOLDER" && code !== "VALUE_FROM_IN_TEXT");
  if (found.length > 0 || config === undefined) return { names: [], diagnostics: found.map(withoutNames) };
  return { names: config.permissions.map(({ name }) => name), diagnostics: [] };
}

const emptyFile: RawDiagnostic = {
  severity: "error",
  code: "CATALOGUE_INVALID",
  message: "the file is empty",
  hint: 'write `{"formatVersion": 1, "permissions": [{"name": "taken.view_externetaak"}]}`',
};

function withoutNames(diagnostic: RawDiagnostic): RawDiagnostic {
  if (diagnostic.code !== "UNKNOWN_FIELD") return diagnostic;
  return { ...diagnostic, message: "unknown field", path: undefined };
}

/** Finding a misspelt permission compares it with all others; text output shows no more diagnostics than these. */
const maxCompared = 100;

/** Reports permissions of entries that the catalogue does not have. */
export function checkPermissions(
  entries: readonly ResourceEntry[],
  kinds: ReadonlyMap<string, KindShape>,
  catalogue: Catalogue,
): readonly RawDiagnostic[] {
  let compared = 0;
  return entries.flatMap(({ resource, place }) =>
    permissionsOf(kinds.get(resource.kind), resource)
      .filter(({ permission }) => !catalogue.has(permission))
      .map(({ attribute, permission }) => {
        compared += 1;
        const near = compared > maxCompared ? undefined : catalogue.nearest(permission);
        return {
          ...unknownPermission(catalogue, permission, near),
          range: rangeOf(resource, attribute, permission),
          path: `${place.path}.${attribute}`,
        };
      }),
  );
}

/** An unknown permission of a file; `near` is what it was probably meant to be. */
export function unknownPermission(
  { range }: Pick<Catalogue, "range">,
  permission: string,
  near: string | undefined,
): RawDiagnostic {
  const { file, line } = range.position;
  return {
    severity: "error",
    code: "UNKNOWN_PERMISSION",
    message: `unknown permission ${maskRandom(permission)}`,
    hint: near === undefined ? `add it to the catalogue at ${file}:${line}, or remove it` : `did you mean ${near}?`,
  };
}

/** Warns of permissions in the database, of entries that no file declares, that the catalogue does not have. */
export function reviewUndeclared(
  kinds: readonly Kind[],
  world: PlannedWorld,
  { has, range }: Catalogue,
): readonly RawDiagnostic[] {
  const unknown = kinds.flatMap((kind) =>
    world.left(kind).flatMap((row) =>
      permissionsOf(kind, row)
        .filter(({ permission }) => !has(permission))
        .map(({ permission }) => `${kind.name} ${row.key} has ${permission}`),
    ),
  );
  if (unknown.length === 0) return [];
  const message = `the database has permissions that are not in the catalogue: ${listSome(unknown)}`;
  const hint = "take them away where they were given, or add them to the catalogue";
  return [{ severity: "warning", code: "UNKNOWN_PERMISSION", message, hint, range }];
}

/** The permissions in a resource's or a row's attributes. */
function permissionsOf(
  kind: Pick<KindShape, "attributes"> | undefined,
  { attributes }: { readonly attributes: Readonly<Record<string, unknown>> },
): readonly { readonly attribute: string; readonly permission: string }[] {
  return Object.entries(kind?.attributes ?? {}).flatMap(([attribute, { holdsPermissions }]) => {
    const value = holdsPermissions ? attributes[attribute] : undefined;
    const texts = Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
    return texts.map((permission) => ({ attribute, permission }));
  });
}
