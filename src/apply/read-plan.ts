import type { AccessChange } from "../access/compare.js";
import { type AccessFacts, noFacts } from "../access/facts.js";
import { readAccessFacts } from "../access/read-facts.js";
import { reviewUndeclared } from "../config/catalogue.js";
import type { Connection, Database } from "../database/database.js";
import { readEntrySettings } from "../database/entry-settings.js";
import type { CurrentResource, Kind } from "../plan/kind.js";
import { createPlan, type Plan } from "../plan/plan.js";
import type { Resource } from "../plan/resource.js";
import { policy } from "../resources/kinds.js";
import { type LazyVault, openVault, type Vault } from "../secrets/vault.js";
import type { RawDiagnostic } from "../yaml/node.js";
import { reviewAccess } from "./access.js";
import { markDrift } from "./drift.js";
import type { RunOptions } from "./options.js";
import { type OwnedConfiguration, settlePolicies } from "./owners.js";
import { ownKindName, requireTables, withOwnTables } from "./run.js";
import { severityRules } from "./severity.js";

/** The input of a run. */
export interface LookInput {
  readonly configuration: OwnedConfiguration;
  readonly desired: readonly Resource[];
  readonly options: RunOptions;
  /** Who may do what, where that has been read already. */
  readonly facts?: AccessFacts;
  readonly needsFacts?: boolean;
}

/** A plan, and what it was made from. */
export interface Seen {
  readonly plan: Plan;
  readonly access: AccessChange;
  /** What decides who may do what afterwards, where the input asks for it. */
  readonly facts: AccessFacts | undefined;
  readonly vault: LazyVault;
  /** The database's revision at that moment; 0 where it had no tables. */
  readonly revision: number;
}

/** Reads everything at one moment and compares it with the desired resources. */
export async function readPlan(db: Connection, database: Database, input: LookInput): Promise<Seen> {
  const { configuration, options } = input;
  const { keyId, revision } = await readState(db);
  const vault = openVault({ env: options.env, keyFile: database.keyFile, storedKeyId: keyId });
  const current = await readCurrent(db, configuration.kinds, vault);
  return { ...(await planAgainst(current, db, vault, input)), vault, revision };
}

/**
 * The plan for a database whose tables the program has just created or is about to: nothing is read, since nothing is there. Not where
 * migrations of other modules run, which may add rows.
 */
export async function planForNew(database: Database, input: LookInput): Promise<Seen> {
  const { env } = input.options;
  const vault = openVault({ env, keyFile: database.keyFile, storedKeyId: null });
  const current = new Map(input.configuration.kinds.map(({ name }) => [name, []]));
  return { ...(await planAgainst(current, undefined, vault, input)), vault, revision: 0 };
}

/** @param db undefined where it has no rows that could be read */
async function planAgainst(
  current: ReadonlyMap<string, readonly CurrentResource[]>,
  db: Connection | undefined,
  vault: Vault,
  { configuration, desired, options, facts, needsFacts }: LookInput,
): Promise<Pick<Seen, "plan" | "access" | "facts">> {
  const policies = settlePolicies(configuration, current.get(policy.name) ?? []);
  const plan = createPlan({
    kinds: configuration.kinds,
    desired: [...desired, ...policies.ended],
    current: new Map([...current, [policy.name, policies.current]]),
    isDatabaseKnown: true,
    owners: configuration.runOwners,
    prune: options.prune,
    newId: options.newId,
  });
  const inspected: RawDiagnostic[] = [];
  const refusals = [...plan.refusals];
  for (const kind of configuration.kinds) {
    const found = db && (await kind.inspect?.({ db, vault }, plan.world.desired(kind), plan.world.current(kind)));
    for (const diagnostic of found ?? []) inspected.push(diagnostic);
    const guarded = await kind.guard?.({ db, now: options.now().toISOString() }, plan.world);
    for (const refusal of guarded?.refusals ?? []) refusals.push(refusal);
    for (const diagnostic of guarded?.diagnostics ?? []) inspected.push(diagnostic);
  }
  if (configuration.catalogue) {
    for (const diagnostic of reviewUndeclared(configuration.kinds, plan.world, configuration.catalogue)) {
      inspected.push(diagnostic);
    }
  }
  const changes = db ? await markDrift(db, configuration.kinds, plan.changes) : plan.changes;
  const reviewed = await reviewAccess(desired, plan, {
    readFacts: async () => (db ? (facts ?? (await readAccessFacts(db))) : noFacts),
    needsFacts: needsFacts === true,
    nowMs: options.now().getTime(),
    deniesGains: severityRules(options, configuration.settings).isDenied("ESCALATION"),
  });
  const found = {
    changes,
    refusals: [...refusals, ...reviewed.refusals],
    diagnostics: [...plan.diagnostics, ...inspected, ...reviewed.diagnostics],
  };
  return { plan: { ...plan, ...found }, access: reviewed.access, facts: reviewed.facts };
}

/** The rows of every kind, sorted by key: databases have their own orders, or none. */
export async function readCurrent(
  db: Connection,
  kinds: readonly Kind[],
  vault: Vault,
): Promise<ReadonlyMap<string, readonly CurrentResource[]>> {
  const current = new Map<string, readonly CurrentResource[]>();
  const settings = await readEntrySettings(db);
  for (const kind of kinds) {
    await requireTables(kind, db);
    const rows = await withOwnTables(ownKindName(kind), () => kind.read({ db, vault }));
    const ofKind = settings.get(kind.name);
    const complete = ofKind ? rows.map((row) => ({ ...row, settings: ofKind.get(row.id) })) : [...rows];
    current.set(kind.name, complete.sort(byKey));
  }
  return current;
}

function byKey({ key: first }: CurrentResource, { key: second }: CurrentResource): number {
  return first < second ? -1 : Number(first > second);
}

/** What the database says of itself. */
interface DatabaseState {
  /** The id of the key that secrets were sealed with; null before the first. */
  readonly keyId: string | null;
  /** Whoever takes the lock and commits increments it. */
  readonly revision: number;
}

export async function readState(db: Connection): Promise<DatabaseState> {
  const state = await db.selectFrom("setup_state").select(["key_id", "revision"]).executeTakeFirst();
  return { keyId: state?.key_id ?? null, revision: state?.revision ?? 0 };
}
