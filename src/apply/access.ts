import { type AccessChange, compareAccess, noAccessChange } from "../access/compare.js";
import { type AccessFacts, noFacts } from "../access/facts.js";
import { locateDifferences, noteGains, refuseLastAdministrator } from "../access/guards.js";
import { planFacts } from "../access/planned-facts.js";
import { findTouched, isWithoutPrincipals, readAccessFacts, readTouchedFacts } from "../access/read-facts.js";
import type { Connection } from "../database/database.js";
import type { Plan } from "../plan/plan.js";
import type { Resource } from "../plan/resource.js";

/** What a plan does to who may do what, and what that refuses or is worth a look. */
type AccessReview = Pick<Plan, "refusals" | "diagnostics"> & {
  readonly access: AccessChange;
  /** What decides who may do what afterwards; undefined where nobody asked. */
  readonly facts: AccessFacts | undefined;
};

interface ReviewOptions {
  /** Who may do what so far, where that has been read already: everybody. */
  readonly facts: AccessFacts | undefined;
  /** Whether what everybody may do is wanted, even where nothing changes. */
  readonly needsFacts: boolean;
  readonly nowMs: number;
  readonly deniesGains: boolean;
}

/**
 * Compares effective access before and after a plan. Unless the facts are wanted, nothing more is read than what its changes can touch,
 * and nothing without changes.
 *
 * @param db undefined where it has no rows that could be read
 */
export async function reviewAccess(
  db: Connection | undefined,
  desired: readonly Resource[],
  { changes }: Pick<Plan, "changes">,
  { facts, needsFacts, nowMs, deniesGains }: ReviewOptions,
): Promise<AccessReview> {
  const all = facts ?? (needsFacts && db ? await readAccessFacts(db) : undefined);
  if (changes.length === 0) return { access: noAccessChange, facts: all, refusals: [], diagnostics: [] };
  const before = all ?? (db ? await readTouchedFacts(db, await findTouched(db, changes)) : noFacts);
  const after = planFacts(before, changes);
  const plan = { desired, changes };
  const isFirst = all || !db ? undefined : await isWithoutPrincipals(db);
  const access = locateDifferences(compareAccess(before, after, nowMs, isFirst), plan);
  return {
    access,
    facts: needsFacts || facts ? after : undefined,
    refusals: refuseLastAdministrator(before, after, plan),
    diagnostics: noteGains(access, deniesGains),
  };
}
