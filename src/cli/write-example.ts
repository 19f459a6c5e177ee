import { loadStepModules } from "../apply/step-modules.js";
import { type ExamplePart, renderExample } from "../config/example.js";
import { fieldTree } from "../config/field-reference.js";
import { configurationSchema } from "../config/schema-file.js";
import { settingsKey } from "../config/settings-schema.js";
import { nearestField } from "../nearest.js";
import { type Preset, presets } from "../resources/presets.js";
import { coreSteps } from "../resources/registry.js";
import type { CliContext } from "./context.js";
import { usage } from "./explain-access.js";

interface ExampleOptions {
  readonly setUp: keyof typeof presets | undefined;
  /** All of them where it is empty. */
  readonly namespaces: readonly string[];
}

/**
 * A configuration file with comments: with every field, or for a set-up.
 *
 * @throws SetupError `COMMAND_LINE` (usage) for a namespace that no step has, or that the set-up does not use
 */
export async function writeExample(
  { cwd }: CliContext,
  modules: readonly string[],
  { setUp, namespaces }: ExampleOptions,
): Promise<string> {
  const { steps } = await loadStepModules(modules, cwd);
  const preset = setUp === undefined ? undefined : presets[setUp];
  const all = partsOf([...coreSteps, ...steps], preset);
  for (const name of namespaces) requirePart(name, all, setUp);
  const parts = all.filter(({ field }) => namespaces.length === 0 || namespaces.includes(field.name));
  const subject = namespaces.length === 0 ? "a configuration file" : namespaces.join(", ");
  return renderExample(
    [preset?.purpose ?? `Every field of ${subject}, with its default or an example.`, ...howTo],
    parts,
  );
}

const howTo = [
  "Fill in each gap, such as <name>: a file that has one left is refused. A line that begins with `#` and no space is a field that may be left out: remove the `#` to use it.",
  "Check the file, see what would change, and make it so:\n  vtb-setup validate config.yaml\n  vtb-setup plan config.yaml\n  vtb-setup apply config.yaml",
];

type Steps = Parameters<typeof configurationSchema>[0];

/** The parts of a file, each under its root key; of a set-up, those that it has. */
function partsOf(steps: Steps, preset: Preset | undefined): readonly ExamplePart[] {
  const byName = new Map(steps.map((step) => [step.namespace, step]));
  return fieldTree(configurationSchema(steps)).flatMap((field): readonly ExamplePart[] => {
    const step = byName.get(field.name);
    if (step === undefined && field.name !== settingsKey) return [];
    const value = preset?.parts[field.name];
    if (preset !== undefined && value === undefined) return [];
    return [{ flag: step?.flag, title: step?.title, field, value }];
  });
}

function requirePart(name: string, parts: readonly ExamplePart[], setUp: string | undefined): void {
  const names = parts.map(({ field }) => field.name);
  if (names.includes(name)) return;
  const owner = parts.find(({ flag, title }) => flag === name || title === name)?.field.name;
  const near = owner ?? nearestField(name, names);
  const problem = setUp === undefined ? `no step is configured under ${name}` : `the set-up ${setUp} has no ${name}`;
  throw usage(problem, near === undefined ? `write one of ${names.join(", ")}` : `did you mean ${near}?`);
}
