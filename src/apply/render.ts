import { escapeControls } from "../characters.js";
import { overlayDocuments } from "../config/overlay.js";
import { settingsKey } from "../config/settings-schema.js";
import type { Step } from "../config/step.js";
import { type Diagnostic, setupError } from "../errors.js";
import type { PlainValue } from "../plan/resource.js";
import type { ShownScalars } from "../yaml/excerpt.js";
import type { Document, MappingNode, Node, ScalarNode } from "../yaml/node.js";
import type { ConfigSource } from "../yaml/read.js";
import { writeYaml } from "../yaml/write.js";
import { readConfiguration } from "./load.js";
import type { LoadOptions } from "./options.js";
import { loadDefaults } from "./run.js";

export interface Rendered {
  /** YAML that declares what the files together do, with the origin of each value behind it. */
  readonly text: string;
  /** Where each value comes from, by its dotted path, such as `tokenauth.items.0.email`. */
  readonly origins: Readonly<Record<string, { readonly file: string; readonly line: number }>>;
  /** What secrets that stand in the files are replaced by. */
  readonly variables: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Writes the effective configuration of files and overlays as one file. `value_from` stays as it is, and a secret that stands in a
 * file becomes one, so that the text can be shown. What no enabled step reads is left out.
 *
 * @throws SetupError (invalid) with every diagnostic of every file; `COMMAND_LINE` (usage) for files of several owners
 */
export async function renderConfiguration(
  sources: readonly ConfigSource[],
  options: Partial<LoadOptions> = {},
): Promise<Rendered> {
  const given = { ...loadDefaults(), ...options, noEnv: true };
  const { documents, steps, visibility, owners, diagnostics } = await readConfiguration(sources, given, async () => []);
  const names = new Set(owners.map(({ setting }) => setting?.name));
  if (names.size > 1) {
    const hint = "render the files of one owner at a time";
    throw setupError("usage", "COMMAND_LINE", "the files name different owners, which one file can't", hint);
  }
  const root = oneRoot(documents, steps);
  const keys = new Set([settingsKey, ...steps.flatMap(({ flag, namespace }) => [flag, namespace])]);
  const writing: Writing = { shown: visibility(), remarks: new Map(), origins: {}, variables: new Set() };
  const entries = [...(root?.entries ?? [])].filter(([key]) => keys.has(key));
  const value = Object.fromEntries(
    entries.map(([key, entry]) => [key, write(writing, entry.value, { path: [key], words: [key] })]),
  );
  const leftOut = [...(root?.entries.keys() ?? [])].filter((key) => !keys.has(key));
  const comment = [
    ...(leftOut.length > 0
      ? [`Left out, since no enabled step reads them: ${leftOut.map(escapeControls).join(", ")}`]
      : []),
    ...(writing.variables.size > 0 ? ["It takes secrets that stand in the files from these variables:"] : []),
    ...[...writing.variables].map((name) => `  ${name}`),
  ];
  return {
    text: writeYaml(value, comment, writing.remarks),
    origins: writing.origins,
    variables: [...writing.variables],
    diagnostics,
  };
}

/** Valid files have no entry in common, so that laying one over another adds what it has. */
function oneRoot([first, ...others]: readonly Document[], steps: readonly Step[]): MappingNode | undefined {
  if (first === undefined) return undefined;
  return others.reduce((under, document) => overlayDocuments(under, document, steps), [first] as readonly Document[])[0]
    ?.root;
}

interface Writing {
  /** The values that are no secrets. */
  readonly shown: ShownScalars;
  readonly remarks: Map<string, string>;
  readonly origins: Record<string, { readonly file: string; readonly line: number }>;
  readonly variables: Set<string>;
}

/** Where a value stands in the text, and the same in words, for the name of a variable: an entry by its name. */
interface Place {
  readonly path: readonly (string | number)[];
  readonly words: readonly string[];
}

function write(writing: Writing, node: Node, place: Place): PlainValue {
  switch (node.kind) {
    case "unresolved":
      throw new TypeError("the nodes of files are as they were written");
    case "mapping":
      return Object.fromEntries(
        [...node.entries].map(([key, { value }]) => [key, write(writing, value, inside(place, key, key))]),
      );
    case "sequence":
      return node.items.map((item, index) => write(writing, item, inside(place, index, nameOf(item) ?? `${index}`)));
    case "scalar":
      return writeScalar(writing, node, place);
  }
}

function inside({ path, words }: Place, part: string | number, word: string): Place {
  return { path: [...path, part], words: [...words, word] };
}

function nameOf(entry: Node): string | undefined {
  if (entry.kind !== "mapping") return undefined;
  for (const key of ["identifier", "username", "name"]) {
    const value = entry.entries.get(key)?.value;
    if (value?.kind === "scalar") return value.text();
  }
  return undefined;
}

function writeScalar({ shown, remarks, origins, variables }: Writing, node: ScalarNode, place: Place): PlainValue {
  const { file, line } = node.range.position;
  const where = `${escapeControls(file)}:${line}`;
  origins[place.path.join(".")] = { file, line };
  if (node.isNull()) return null;
  if (shown.has(node)) {
    remarks.set(JSON.stringify(place.path), where);
    return node.plain ? plainValue(node.text()) : node.text();
  }
  const [, , ...words] = place.words;
  const wish = words
    .join("_")
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, "_");
  let name = wish;
  for (let number = 2; variables.has(name); number += 1) name = `${wish}_${number}`;
  variables.add(name);
  remarks.set(JSON.stringify([...place.path, "value_from", "env"]), `a secret in ${where}`);
  return { value_from: { env: name } };
}

/** Only what is written in the one way that means the same is no text: a token may look like a number. */
function plainValue(text: string): PlainValue {
  if (text === "true" || text === "false") return text === "true";
  return /^(?:0|-?[1-9]\d{0,14})$/.test(text) ? Number(text) : text;
}
