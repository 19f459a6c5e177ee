import type { AccessChange } from "../access/compare.js";
import type { AccessFacts } from "../access/facts.js";
import { reviewUndeclared } from "../config/catalogue.js";
import type { Connection, Database } from "../database/database.js";
import type { Kind } from "../plan/kind.js";
import { createPlan, type Plan } from "../plan/plan.js";
import type { Resource } from "../plan/resource.js";
import { policy } from "../resources/kinds.js";
import { coreKinds } from "../resources/registry.js";
import { type LazyVault, openVault, type Vault } from "../secrets/vault.js";
import type { RawDiagnostic } from "../yaml/node.js";
import { reviewAccess } from "./access.js";
import { markDrift } from "./drift.js";
import type { RunOptions } from "./options.js";
import { type OwnedConfiguration, settlePolicies } from "./owners.js";
import { type ReadRows, readAll, readWanted, standsAlone } from "./read-wanted.js";
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

// Below this, reading all of a table takes no longer than looking some rows of it up.
const fewRows = 1000;

/** Reads what the desired resources are about, at one moment, and compares it with them. */
export async function readPlan(
  db: Connection,
  database: Database,
  input: LookInput,
  few: number = fewRows,
): Promise<Seen> {
  const { configuration, options } = input;
  const { keyId, revision } = await readState(db);
  const vault = openVault({ env: options.env, keyFile: database.keyFile, storedKeyId: keyId });
  const { kinds, runOwners: owners } = configuration;
  const wanted = (await dependsOnFew(db, input))
    ? await readWanted({ db, vault }, { kinds, desired: input.desired, owners, prune: options.prune, fewRows: few })
    : undefined;
  const some = wanted && makePlan(wanted, input);
  const plan = some && standsAlone(some) ? some : makePlan(await readAll({ db, vault }, kinds), input);
  return { ...(await review(plan, db, vault, input)), vault, revision };
}

/**
 * The plan for a database whose tables the program has just created or is about to: nothing is read, since nothing is there. Not where
 * migrations of other modules run, which may add rows.
 */
export async function planForNew(database: Database, input: LookInput): Promise<Seen> {
  const { env } = input.options;
  const vault = openVault({ env, keyFile: database.keyFile, storedKeyId: null });
  const current = new Map(input.configuration.kinds.map(({ name }) => [name, []]));
  return { ...(await review(makePlan({ current }, input), undefined, vault, input)), vault, revision: 0 };
}

/** Whether what is decided about the desired resources depends on their rows alone, and on those that they name. */
async function dependsOnFew(
  db: Connection,
  { configuration, options, facts, needsFacts }: LookInput,
): Promise<boolean> {
  const { kinds, catalogue, settings, runOwners } = configuration;
  if (facts || needsFacts || catalogue || settings.policy) return false;
  if (kinds.some((kind) => !coreKinds.includes(kind) && mayLookAtAll(kind))) return false;
  // Whose entries it takes over, or prunes, is a question to all rows.
  if (runOwners.some(({ formerly, isNamed }) => formerly.length > 0 || (options.prune && !isNamed))) return false;
  return (await db.selectFrom("owner_policies").select("id").limit(1).executeTakeFirst()) === undefined;
}

/** What modules check, they may look at anything for; and of their tables, only names and ids are looked up. */
function mayLookAtAll({ check, review, guard, inspect, attributes }: Kind): boolean {
  const hasIdentity = Object.values(attributes).some(({ identity }) => identity !== undefined);
  return hasIdentity || [check, review, guard, inspect].some((own) => own !== undefined);
}

function makePlan({ current, others }: ReadRows, { configuration, desired, options }: LookInput): Plan {
  const policies = settlePolicies(configuration, current.get(policy.name) ?? []);
  return createPlan({
    kinds: configuration.kinds,
    desired: [...desired, ...policies.ended],
    current: new Map([...current, [policy.name, policies.current]]),
    others,
    isDatabaseKnown: true,
    owners: configuration.runOwners,
    prune: options.prune,
    newId: options.newId,
  });
}

/**
 * Adds what only the database knows of a plan, and what the plan does to who may do what.
 *
 * @param db undefined where it has no rows that could be read
 */
async function review(
  plan: Plan,
  db: Connection | undefined,
  vault: Vault,
  { configuration, desired, options, facts, needsFacts }: LookInput,
): Promise<Pick<Seen, "plan" | "access" | "facts">> {
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
  const reviewed = await reviewAccess(db, desired, plan, {
    facts,
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

/** What the database says of itself. */
interface DatabaseState {
  /** The id of the key that secrets were sealed with; null before the first. */
  readonly keyId: string | null;
  /** Each transaction that takes the lock and commits increments it. */
  readonly revision: number;
}

export async function readState(db: Connection): Promise<DatabaseState> {
  const state = await db.selectFrom("setup_state").select(["key_id", "revision"]).executeTakeFirst();
  return { keyId: state?.key_id ?? null, revision: state?.revision ?? 0 };
}
