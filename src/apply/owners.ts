import type { Settings } from "../config/settings.js";
import { defaultOwner, ownerMistake } from "../config/settings-schema.js";
import type { FileOwner } from "../config/validate.js";
import { setupError } from "../errors.js";
import type { CurrentResource, RunOwner } from "../plan/kind.js";
import type { Resource } from "../plan/resource.js";
import { policy } from "../resources/kinds.js";
import type { Configuration, ConfigurationFile } from "./run.js";

/** A configuration whose entries have the owners of this run. */
export interface OwnedConfiguration extends Configuration {
  readonly runOwners: readonly RunOwner[];
}

/**
 * Settles who manages what: the owner of an option wins over the one that the files name.
 *
 * @throws SetupError `COMMAND_LINE` (usage) where nobody could tell the owner from another one, or the files name several
 */
export function settleOwners(configuration: Configuration, given: string | undefined): OwnedConfiguration {
  if (given === undefined) return withPolicies(configuration, ownersOfFiles(configuration.owners));
  requireOwner(given);
  const named = new Set(configuration.owners.flatMap(({ setting }) => setting?.name ?? []));
  if (named.size > 1) {
    const message = `the files name different owners (${[...named].join(", ")}), and an option can't stand for all of them`;
    throw setupError("usage", "COMMAND_LINE", message, "leave out --owner, or give the files of one owner at a time");
  }
  // Another owner than the file's did not take over what the file's did.
  const formerly = configuration.owners.flatMap(({ setting }) =>
    setting?.name === given ? (setting.formerly ?? []) : [],
  );
  const kinds = new Set(configuration.owners.flatMap((owner) => [...owner.kinds]));
  const owned = {
    ...configuration,
    resources: configuration.resources.map((resource) => ({ ...resource, owner: given })),
    files: configuration.files.map(({ file, sha256 }) => ({ file, sha256 })),
  };
  return withPolicies(owned, [{ name: given, isNamed: true, formerly, kinds }]);
}

/** @throws SetupError `COMMAND_LINE` (usage) where nobody could tell the owner from another one */
export function requireOwner(owner: string): void {
  const mistake = ownerMistake(owner);
  if (mistake === undefined) return;
  throw setupError("usage", "COMMAND_LINE", `the owner ${mistake}`, "write a name such as shop");
}

function withPolicies(configuration: Configuration, runOwners: readonly RunOwner[]): OwnedConfiguration {
  const policies = declaredPolicies(configuration.settings, runOwners);
  return { ...configuration, resources: [...configuration.resources, ...policies], runOwners };
}

const defaultWarnBeforeSeconds = 30 * 86_400;

/** The policy of the files, for each of their owners. */
export function declaredPolicies(
  { policy: declared, policyRange: range }: Settings,
  owners: readonly Pick<RunOwner, "name">[],
): readonly Resource[] {
  if (declared === undefined || range === undefined) return [];
  const attributes = {
    require_expiry: declared.requireExpiry ?? false,
    max_lifetime_seconds: declared.maxLifetimeSeconds ?? null,
    warn_before_seconds: declared.warnBeforeSeconds ?? defaultWarnBeforeSeconds,
    unused_after_seconds: declared.unusedAfterSeconds ?? null,
  };
  return owners.map(({ name }) => ({ kind: policy.name, key: name, present: true, owner: name, attributes, range }));
}

/** The stored policies as the run finds them, and those of them that end. */
interface SettledPolicies {
  readonly current: readonly CurrentResource[];
  readonly ended: readonly Resource[];
}

/**
 * Settles what becomes of stored policies. One ends where the files of its owner say what concerns the run, and have none. That of a
 * former owner goes to its new owner with the entries, as its first apply counts; where the new owner has one, or gets another
 * former owner's, it ends.
 */
export function settlePolicies(
  { settings: { policy: declared, policyRange: range }, runOwners }: OwnedConfiguration,
  stored: readonly CurrentResource[],
): SettledPolicies {
  if (range === undefined) return { current: stored, ended: [] };
  const keys = new Set(stored.map(({ key }) => key));
  const ended: Resource[] = [];
  const end = (key: string, owner: string) =>
    ended.push({ kind: policy.name, key, present: false, owner, attributes: {}, range });
  const isOfRun = (key: string) => runOwners.some(({ name }) => name === key);
  const current = stored.map((row) => {
    const takers = runOwners.filter(({ formerly }) => formerly.includes(row.key));
    const taker = takers.length === 1 && !isOfRun(row.key) ? takers[0]?.name : undefined;
    if (declared === undefined && isOfRun(row.key)) end(row.key, row.key);
    if (taker === undefined) return row;
    if (declared !== undefined && !keys.has(taker)) {
      keys.add(taker);
      return { ...row, key: taker, owner: taker, previousKey: row.key, formerOwner: row.owner };
    }
    end(row.key, taker);
    return row;
  });
  return { current, ended };
}

export function ownersOfFiles(owners: readonly FileOwner[]): readonly RunOwner[] {
  const found = new Map<string, RunOwner>();
  for (const { setting, kinds } of owners) {
    const name = setting?.name ?? defaultOwner;
    const earlier = found.get(name);
    const isNamed = setting !== undefined && (earlier?.isNamed ?? true);
    const formerly = [...new Set([...(earlier?.formerly ?? []), ...(setting?.formerly ? [setting.formerly] : [])])];
    found.set(name, { name, isNamed, formerly, kinds: new Set([...(earlier?.kinds ?? []), ...kinds]) });
  }
  return [...found.values()];
}

/** The owners for a run's row in the journal, one a line; and its files, each with its owner where there are several. */
export function ownersForJournal({ runOwners, files }: OwnedConfiguration): {
  readonly owner: string;
  readonly files: readonly ConfigurationFile[];
} {
  const isOne = runOwners.length < 2;
  return {
    owner: runOwners.map(({ name }) => name).join("\n"),
    files: files.map(({ owner = defaultOwner, ...file }) => (isOne ? file : { ...file, owner })),
  };
}
