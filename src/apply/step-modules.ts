import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { settingsKey } from "../config/settings-schema.js";
import type { Step } from "../config/step.js";
import { SetupError } from "../errors.js";
import { nearestField } from "../nearest.js";
import type { Kind } from "../plan/kind.js";
import { orderKinds } from "../plan/plan.js";
import { stepInvalid } from "../plan/step-mistakes.js";
import { coreKinds, coreSteps } from "../resources/registry.js";

/** Steps and kinds from other modules. */
export interface Extensions {
  readonly steps: readonly Step[];
  readonly kinds: readonly Kind[];
}

/**
 * Loads modules that export `steps`, and `kinds` where they bring their own tables.
 *
 * @throws SetupError `STEP_INVALID` (usage)
 */
export async function loadStepModules(files: readonly string[], cwd: string): Promise<Extensions> {
  const steps: Step[] = [];
  const kinds: Kind[] = [];
  for (const file of files) {
    const module = await importModule(file, cwd);
    const stepsOf = listOf(module.steps, isStep, `${file} must export \`steps\`, a list of what defineStep returns`);
    const kindsOf = listOf(
      module.kinds ?? [],
      isKind,
      `\`kinds\` of ${file} must be a list of what defineKind returns`,
    );
    for (const step of stepsOf) steps.push(step);
    for (const kind of kindsOf) kinds.push(kind);
  }
  refuseClashes([...coreSteps, ...steps], [...coreKinds, ...kinds]);
  return { steps, kinds: withSteps(kinds, steps) };
}

/** The kinds, each with the title of its step, which messages about its tables name. */
export function withSteps(kinds: readonly Kind[], steps: readonly Step[]): readonly Kind[] {
  return kinds.map((kind) => {
    const step = steps.find((candidate) => candidate.kinds.includes(kind.name))?.title;
    return step === undefined ? kind : { ...kind, step };
  });
}

async function importModule(file: string, cwd: string): Promise<Readonly<Record<string, unknown>>> {
  const path = resolve(cwd, file);
  if (!existsSync(path)) throw stepInvalid(`the module ${file} does not exist`);
  // Types are stripped by default since 22.18 and 23.6.
  const takesTypes = "typescript" in process.features && process.features.typescript !== false;
  if (/\.[cm]?ts$/.test(file) && !takesTypes) {
    const hint = "use Node 22.18, 23.6 or a later one, or compile it to JavaScript and give that";
    throw stepInvalid(`the module ${file} is TypeScript, which this Node (${process.version}) can't load`, hint);
  }
  try {
    return await import(pathToFileURL(path).href);
  } catch (cause) {
    if (cause instanceof SetupError) throw cause;
    const why = cause instanceof Error ? cause.message : "";
    throw stepInvalid(`the module ${file} can't be loaded: ${why}`, undefined, { cause });
  }
}

function listOf<T>(value: unknown, isRight: (item: unknown) => item is T, complaint: string): readonly T[] {
  if (!Array.isArray(value) || !value.every(isRight)) throw stepInvalid(complaint);
  return value;
}

function isStep(value: unknown): value is Step {
  return hasAll(value, ["flag", "namespace", "schema", "declare", "review", "kinds"]);
}

function isKind(value: unknown): value is Kind {
  return hasAll(value, ["name", "attributes", "dependsOn", "resource", "resourcesOf", "read", "write", "remove"]);
}

function hasAll(value: unknown, names: readonly string[]): boolean {
  return typeof value === "object" && value !== null && names.every((name) => name in value);
}

/** @throws SetupError `STEP_INVALID` (usage) where steps and kinds do not fit together */
export function refuseClashes(steps: readonly Step[], kinds: readonly Kind[]): void {
  const keys = [settingsKey, ...steps.flatMap(({ flag, namespace }) => [flag, namespace])];
  const names = kinds.map(({ name }) => name);
  const twice = [keys, names].flatMap((list) => list.filter((name, index) => list.indexOf(name) !== index))[0];
  if (twice !== undefined) throw stepInvalid(`two steps or kinds are named ${twice}`);
  const known = new Set(kinds.map(({ name }) => name));
  for (const { title, kinds: declared } of steps) {
    const missing = declared.find((name) => !known.has(name));
    if (missing === undefined) continue;
    const hint = "export it from its module, in the list `kinds`";
    throw stepInvalid(`the step ${title} declares the kind ${missing}, which does not exist`, hint);
  }
  for (const { name, dependsOn } of kinds) {
    const missing = dependsOn.find((other) => !known.has(other));
    const near = missing === undefined ? undefined : nearestField(missing, known);
    if (near === undefined) continue;
    throw stepInvalid(`the kind ${name} depends on ${missing}, which does not exist`, `did you mean \`${near}\`?`);
  }
  refuseMigrationNames(kinds.slice(coreKinds.length));
  refuseBadOrder(kinds);
}

/** A name like the program's own would be mistaken for one of a newer version, or for one that has run already. */
function refuseMigrationNames(kinds: readonly Kind[]): void {
  const seen = new Set<string>();
  for (const { name: kind, migrations = [] } of kinds) {
    for (const { name } of migrations) {
      if (!name.startsWith(`${kind}:`)) {
        throw stepInvalid(`the migration ${name} must start with the name of its kind, such as ${kind}:0001`);
      }
      if (seen.has(name)) throw stepInvalid(`two migrations are named ${name}`);
      seen.add(name);
    }
  }
}

function refuseBadOrder(kinds: readonly Kind[]): void {
  try {
    orderKinds(kinds);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw stepInvalid(cause.message, undefined, { cause });
  }
}
