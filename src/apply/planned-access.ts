import { type AccessFacts, noFacts } from "../access/facts.js";
import { planFacts } from "../access/planned-facts.js";
import { type Diagnostic, setupError } from "../errors.js";
import { type Resource, type ResourceName, rangeOf } from "../plan/resource.js";
import type { Range } from "../yaml/node.js";
import { planForNothing } from "./load.js";
import type { RunOptions } from "./options.js";
import { settleOwners } from "./owners.js";
import { assertStorable, lookFirst, rehearse } from "./plan.js";
import { type Configuration, runDefaults } from "./run.js";
import { judge, requireCodes, severityRules } from "./severity.js";
import { awaitReferences } from "./wait.js";

/** Who may do what once files are applied. */
export interface PlannedAccess {
  readonly facts: AccessFacts;
  /**
   * Where an entry stands in the files or, if it is there, one of its attributes, or one text of a list: `("user", "jan")`,
   * `("user", "jan", "permissions", "taken.view")`. Undefined for an entry that no file declares.
   */
  readonly rangeOf: (entry: ResourceName, attribute?: string, item?: string) => Range | undefined;
  /** The warnings and notes of the files and of the plan. */
  readonly diagnostics: readonly Diagnostic[];
}

interface PlannedAccessOptions extends Partial<Omit<RunOptions, "database" | "offline" | "onStep">> {
  /** What the files are compared with; undefined for an empty database, which then is not looked for either. */
  readonly database: string | undefined;
}

/**
 * Finds who may do what after `apply` of this configuration, which it does not run. Nothing is written, and no provider is asked.
 *
 * @throws SetupError where `apply` would not run either
 */
export async function plannedAccess(declared: Configuration, given: PlannedAccessOptions): Promise<PlannedAccess> {
  const { database, ...others } = given;
  const options = { ...runDefaults(), ...others, offline: true };
  requireCodes(options);
  const configuration = settleOwners(declared, options.owner);
  const { kinds, resources: desired } = configuration;
  assertStorable(configuration, desired);
  const located = { rangeOf: locate(desired) };
  if (database === undefined) {
    const { changes, diagnostics } = await planForNothing(kinds, desired, {
      now: options.now(),
      newId: options.newId,
    });
    const rules = severityRules(options, configuration.settings);
    const found = judge(rules, [...configuration.warnings, ...configuration.quote(diagnostics)]);
    return { facts: planFacts(noFacts, changes), ...located, diagnostics: found };
  }
  return awaitReferences({ ...options, database }, async (left) => {
    const input = { configuration, desired, options: left, needsFacts: true };
    const first = await lookFirst(input);
    const { facts, diagnostics } = first.kind === "behind" ? await rehearse(input, first) : first;
    if (!facts) throw setupError("internal", "INTERNAL", "a plan has no facts of access", "report this as a bug");
    return { facts, ...located, diagnostics };
  });
}

function locate(desired: readonly Resource[]): PlannedAccess["rangeOf"] {
  const resources = new Map(desired.map((resource) => [JSON.stringify([resource.kind, resource.key]), resource]));
  return ({ kind, key }, attribute, item) => {
    const resource = resources.get(JSON.stringify([kind, key]));
    if (!resource || attribute === undefined) return resource?.range;
    return rangeOf(resource, attribute, item);
  };
}
