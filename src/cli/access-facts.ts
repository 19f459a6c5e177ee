import type { AccessFacts } from "../access/facts.js";
import type { PlannedAccess } from "../apply/planned-access.js";
import { type Diagnostic, setupError } from "../errors.js";
import type { CliContext } from "./context.js";
import { envOptions, list, loadOptions, planOptions, runOptions, type SettingsOf } from "./options.js";

const { offline: _, ...plannedOptions } = planOptions;

/** For commands that show who may do what, as the database has it or as files would leave it. */
export const accessOptions = {
  from: list("configuration", "--from <file>", "show what apply of this file would leave, not what is there"),
  ...plannedOptions,
  ...envOptions,
};

/** Who may do what, and where that comes from. */
interface GivenAccess extends Omit<PlannedAccess, "rangeOf"> {
  /** Where entries stand in the files of `--from`; undefined without them. */
  readonly rangeOf: PlannedAccess["rangeOf"] | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads who may do what from the database or, with `--from`, finds what `apply` of these files would make of it.
 *
 * @throws SetupError where the database can't be read, or the files can't be applied
 */
export async function readAccess(
  context: CliContext,
  settings: SettingsOf<typeof accessOptions>,
): Promise<GivenAccess> {
  const { from } = settings;
  if (from.length === 0) {
    requireFrom(settings);
    const [{ readAccessFacts }, { readDatabase }] = await Promise.all([
      import("../access/read-facts.js"),
      import("./use-database.js"),
    ]);
    const facts: AccessFacts = await readDatabase(context, settings, ({ kysely }) => readAccessFacts(kysely));
    return { facts, rangeOf: undefined, diagnostics: [] };
  }
  const [{ loadConfig }, { plannedAccess }] = await Promise.all([
    import("../apply/load.js"),
    import("../apply/planned-access.js"),
  ]);
  const configuration = await loadConfig(from, { ...(await loadOptions(context, settings)), noEnv: !settings.env });
  const { database, ...options } = runOptions(context, { ...settings, offline: true });
  return plannedAccess(configuration, { ...options, database: settings.database });
}

/** @throws SetupError `COMMAND_LINE` (usage) where an option is about files, and none are given */
function requireFrom(settings: SettingsOf<typeof accessOptions>): void {
  const { strict, allow, deny } = settings;
  const judging = strict ? "--strict" : allow.length > 0 ? "--allow" : deny.length > 0 ? "--deny" : undefined;
  const option = fileOptionIn(settings) ?? judging;
  if (option === undefined) return;
  throw setupError("usage", "COMMAND_LINE", `${option} is about files, and needs --from`, "name them with --from FILE");
}

type FileSettings = Pick<
  SettingsOf<typeof accessOptions>,
  "steps" | "overlay" | "secretsDir" | "prune" | "owner" | "env"
>;

/** The first option that was given and says how configuration files are read, such as `--steps`. */
export function fileOptionIn({ steps, overlay, secretsDir, prune, owner, env }: FileSettings): string | undefined {
  const given = [
    ["--steps", steps.length > 0],
    ["--overlay", overlay.length > 0],
    ["--secrets-dir", secretsDir !== undefined],
    ["--prune", prune],
    ["--owner", owner !== undefined],
    ["--no-env", !env],
  ] as const;
  return given.find(([, isGiven]) => isGiven)?.[0];
}
