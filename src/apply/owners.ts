import { defaultOwner, ownerMistake } from "../config/settings-schema.js";
import { setupError } from "../errors.js";
import type { RunOwner } from "../plan/kind.js";
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
  if (given === undefined) return { ...configuration, runOwners: ownersOfFiles(configuration) };
  requireOwner(given);
  const named = new Set(configuration.owners.flatMap(({ setting }) => setting?.name ?? []));
  if (named.size > 1) {
    const message = `the files name different owners (${[...named].join(", ")}), and an option can't stand for all of them`;
    throw setupError("usage", "COMMAND_LINE", message, "leave out --owner, or give the files of one owner at a time");
  }
  const kinds = new Set(configuration.owners.flatMap((owner) => [...owner.kinds]));
  return {
    ...configuration,
    resources: configuration.resources.map((resource) => ({ ...resource, owner: given })),
    files: configuration.files.map(({ file, sha256 }) => ({ file, sha256 })),
    runOwners: [{ name: given, isNamed: true, kinds }],
  };
}

/** @throws SetupError `COMMAND_LINE` (usage) where nobody could tell the owner from another one */
export function requireOwner(owner: string): void {
  const mistake = ownerMistake(owner);
  if (mistake === undefined) return;
  throw setupError("usage", "COMMAND_LINE", `the owner ${mistake}`, "write a name such as shop");
}

function ownersOfFiles({ owners }: Configuration): readonly RunOwner[] {
  const found = new Map<string, RunOwner>();
  for (const { setting, kinds } of owners) {
    const name = setting?.name ?? defaultOwner;
    const earlier = found.get(name);
    const isNamed = setting !== undefined && (earlier?.isNamed ?? true);
    found.set(name, { name, isNamed, kinds: new Set([...(earlier?.kinds ?? []), ...kinds]) });
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
