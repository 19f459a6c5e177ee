import type { Transaction } from "kysely";
import type { AccessFacts } from "../access/facts.js";
import type { Database } from "../database/database.js";
import type { OnRollback } from "../database/lock.js";
import type { Tables } from "../database/tables.js";
import type { Diagnostic } from "../errors.js";
import type { CurrentResource, GeneratedSecret, Refusal } from "../plan/kind.js";
import type { Change, Resource } from "../plan/resource.js";
import { rangeOf } from "../plan/resource.js";
import { oidcClient, oidcProvider } from "../resources/kinds.js";
import { coreSteps } from "../resources/registry.js";
import { Secret } from "../secrets/secret.js";
import type { Document, Node, Range, RawDiagnostic } from "../yaml/node.js";
import type { ValueSources } from "../yaml/value-sources.js";
import { readConfiguration } from "./load.js";
import type { DatabaseOptions } from "./options.js";
import type { OwnedConfiguration } from "./owners.js";
import { assertStorable, resolveResources } from "./plan.js";
import { type LookInput, readPlan } from "./read-plan.js";
import { loadDefaults, runDefaults } from "./run.js";
import { collectDiagnostics, judge, judgeRefusals, severityRules } from "./severity.js";
import { writePlan } from "./write.js";

/**
 * Entries as files have them, by the namespaces of their steps, such as `{ groups_config: { items: [{ name: "lezers" }] } }`. A secret
 * is a {@link Secret}, or {@link keptSecret}.
 */
export type Entries = Readonly<Record<string, Readonly<Record<string, readonly object[]>>>>;

/** In the place of a secret: the stored one stays. */
export const keptSecret = { value_from: { stored: "secret" } } as const;

/** The only place that these entries can have a value from: nobody reads variables or files here. */
const storedValues: ValueSources = {
  stored: {
    noun: "stored value",
    title: "the stored value",
    placeholder: "secret",
    argument: "what is stored",
    description: "The stored value.",
    accepts: () => true,
    read: () => ({
      kind: "missing",
      diagnostic: { severity: "error", code: "MISSING_FIELD", message: "no value is stored", hint: "give one" },
    }),
    withoutQuotes: "",
    withoutLineBreak: "",
  },
};

/** Entries that are valid, and complete as far as the network could tell. */
export interface ReadyEntries {
  readonly configuration: OwnedConfiguration;
}

export type EntriesOptions = Pick<DatabaseOptions, "env" | "now" | "newId"> & {
  /** Skips discovery. */
  readonly offline?: boolean;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Validates entries as those of a file, and looks up over the network what they leave open. Diagnostics have the path of what they are
 * about, such as `groups_config.items.0.name`.
 *
 * @throws SetupError (invalid), or (unavailable) where a provider does not answer
 */
export async function readEntries(entries: Entries, options: EntriesOptions): Promise<ReadyEntries> {
  const read = await readConfiguration(
    [asFile(entries)],
    {
      ...loadDefaults(),
      env: {},
      now: options.now(),
      noEnv: true,
      declareUnknown: true,
      valueSources: storedValues,
      describe: withPaths,
    },
    () => Promise.resolve([]),
  );
  const { declarations, diagnostics: warnings, ...loaded } = read;
  const resources = declarations.map((resource): Resource => ({ ...resource, owner: null }));
  const configuration = { ...loaded, resources, warnings, runOwners: [] };
  assertStorable(configuration, resources);
  return { configuration: await resolveResources(configuration, { ...runDefaults(), ...options, database: "" }) };
}

/** With the flags, and the lists that a file must have. */
function asFile(entries: Entries): Readonly<Record<string, unknown>> {
  const root: Record<string, unknown> = {};
  for (const [namespace, lists] of Object.entries(entries)) {
    const step = coreSteps.find((one) => one.namespace === namespace);
    if (step === undefined) throw new TypeError(`there is no step with the namespace ${namespace}`);
    const empty = (step.writers ?? []).map(({ list }) => [list, []] as const);
    root[step.flag] = true;
    root[namespace] = { ...Object.fromEntries(empty), ...lists };
  }
  return root;
}

/** Diagnostics of later stages have a range alone. */
function withPaths(found: readonly RawDiagnostic[], documents: readonly Document[]): readonly RawDiagnostic[] {
  return found.map((diagnostic) => {
    const { path, range } = diagnostic;
    const root = documents[0]?.root;
    if (path !== undefined || range === undefined || root === undefined) return diagnostic;
    return { ...diagnostic, path: pathOf(root, range).join(".") };
  });
}

function pathOf(node: Node, range: Range): readonly (string | number)[] {
  const holds = (outer: Range) => outer.start <= range.start && range.end <= outer.end;
  if (node.kind === "mapping") {
    for (const { key, keyRange, value } of node.entries.values()) {
      if (holds(keyRange)) return [key];
      if (holds(value.range)) return [key, ...pathOf(value, range)];
    }
  }
  if (node.kind === "sequence") {
    for (const [index, item] of node.items.entries()) if (holds(item.range)) return [index, ...pathOf(item, range)];
  }
  return [];
}

/** What was written, to be recorded. */
export interface EntriesWritten {
  readonly changes: readonly Change[];
  /** To be shown once. */
  readonly generated: readonly GeneratedSecret[];
  /** Warnings and notes. */
  readonly diagnostics: readonly Diagnostic[];
  /** The clients whose stored secret was cleared, as it would be sent to another place than it was given for. */
  readonly cleared: readonly string[];
}

export interface ApplyEntriesOptions extends EntriesOptions {
  readonly database: Database;
  readonly onRollback: OnRollback;
  readonly facts: AccessFacts;
}

/**
 * Plans and writes entries as `apply` does, inside a transaction that holds the lock; nobody manages them then. Whether it leaves an
 * administrator is for the caller to see, who compares what everybody may do.
 *
 * @throws SetupError with every reason for the failure
 */
export async function applyEntries(
  tx: Transaction<Tables>,
  { configuration }: ReadyEntries,
  { database, onRollback, facts, ...given }: ApplyEntriesOptions,
): Promise<EntriesWritten> {
  const options = { ...runDefaults(), ...given, database: database.location };
  const desired = configuration.resources.map(({ unknown: _, ...resource }) => resource);
  const inputOf = (resources: readonly Resource[]): LookInput => ({
    configuration: { ...configuration, resources },
    desired: resources,
    options,
    facts,
  });
  const first = await readPlan(tx, database, inputOf(desired));
  const typed = new Set(
    desired.flatMap(({ key, attributes }) => (attributes.client_secret === undefined ? [] : [key])),
  );
  const kept = first.plan.world.current(oidcClient).filter(({ key }) => !typed.has(key));
  const cleared = misdirectedSecrets(first.plan.changes, kept);
  const input = inputOf(withCleared(desired, cleared));
  const { plan, vault } = cleared.length === 0 ? first : await readPlan(tx, database, input);
  onRollback(vault.discardMadeKey);
  const rules = severityRules(options, configuration.settings);
  const found = () => collectDiagnostics(configuration, undefined, vault, plan.diagnostics);
  const refusals = [
    ...plan.refusals.filter(({ code }) => code !== "LAST_ADMINISTRATOR"),
    ...refuseUnstored(configuration.resources, plan.changes),
  ];
  judgeRefusals(rules, configuration, refusals, found());
  const { kinds } = configuration;
  const now = options.now().toISOString();
  const { generated, cascades } = await writePlan(tx, { kinds, desired: input.desired, plan, vault, now }, options);
  judgeRefusals(rules, configuration, cascades);
  return {
    changes: plan.changes,
    generated,
    diagnostics: judge(rules, found()),
    cleared: cleared.map(({ key }) => key),
  };
}

const secretDestination = [
  "issuer",
  "discovery_endpoint",
  "token_endpoint",
  "introspection_endpoint",
  "token_use_basic_auth",
] as const;

/** An attribute of a provider that says where its clients' secrets are sent, or how. */
export type SecretDestination = (typeof secretDestination)[number];

/** The clients whose stored secret would be sent to another place than it was given for, or in another name. */
function misdirectedSecrets(
  changes: readonly Change[],
  clients: readonly CurrentResource[],
): readonly CurrentResource[] {
  const destination: ReadonlySet<string> = new Set(secretDestination);
  const changedIn = (kind: string, key: string): readonly string[] =>
    changes.flatMap((change) =>
      change.action === "update" && change.kind === kind && change.key === key ? change.changed : [],
    );
  return clients.filter(({ key, attributes }) => {
    const own = changedIn(oidcClient.name, key);
    const ofProvider = changedIn(oidcProvider.name, String(attributes.provider));
    return own.includes("provider") || own.includes("client_id") || ofProvider.some((name) => destination.has(name));
  });
}

function withCleared(desired: readonly Resource[], cleared: readonly CurrentResource[]): readonly Resource[] {
  const keys = new Set(cleared.map(({ key }) => key));
  const isCleared = ({ kind, key }: Resource) => kind === oidcClient.name && keys.has(key);
  const client_secret = new Secret("");
  const own = desired.map((resource) =>
    isCleared(resource) ? { ...resource, attributes: { ...resource.attributes, client_secret } } : resource,
  );
  const declared = new Set(desired.filter(isCleared).map(({ key }) => key));
  const [{ range }] = desired as readonly [Resource, ...Resource[]];
  const others = [...keys].filter((key) => !declared.has(key));
  return [
    ...own,
    ...others.map((key) => ({
      kind: oidcClient.name,
      key,
      present: true,
      owner: null,
      attributes: { client_secret },
      range,
    })),
  ];
}

/** What is new has no stored secret to keep. */
function refuseUnstored(resources: readonly Resource[], changes: readonly Change[]): readonly Refusal[] {
  const created = new Set(changes.flatMap(({ action, kind, key }) => (action === "create" ? [`${kind} ${key}`] : [])));
  return resources.flatMap((resource) => {
    const { kind, key, unknown = [] } = resource;
    if (!created.has(`${kind} ${key}`)) return [];
    return unknown.map((name) => ({
      reason: "invalid" as const,
      code: "MISSING_FIELD" as const,
      message: `${kind} ${key} is new, so it has no stored value of ${name}`,
      hint: "give one",
      range: rangeOf(resource, name),
    }));
  });
}
