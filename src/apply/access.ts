import { type AccessChange, compareAccess, noAccessChange } from "../access/compare.js";
import type { AccessFacts } from "../access/facts.js";
import { locateDifferences, noteGains, refuseLastAdministrator } from "../access/guards.js";
import { planFacts } from "../access/planned-facts.js";
import { readAccessFacts } from "../access/read-facts.js";
import type { Connection } from "../database/database.js";
import type { Plan } from "../plan/plan.js";
import type { Resource } from "../plan/resource.js";

/** What a plan does to who may do what, and what that refuses or is worth a look. */
type AccessReview = Pick<Plan, "refusals" | "diagnostics"> & {
  readonly access: AccessChange;
  /** What decides who may do what afterwards; undefined where nothing changes and nobody asked. */
  readonly facts: AccessFacts | undefined;
};

interface ReviewOptions {
  /** Who may do what so far, where that has been read already. */
  readonly facts?: AccessFacts | undefined;
  /** Whether the facts are wanted, even where nothing changes. */
  readonly needsFacts?: boolean | undefined;
  readonly nowMs: number;
  readonly deniesGains: boolean;
}

/** Compares effective access before and after a plan. Without changes, nothing more is read unless the facts are wanted. */
export async function reviewAccess(
  db: Connection,
  desired: readonly Resource[],
  { changes }: Pick<Plan, "changes">,
  { facts, needsFacts = false, nowMs, deniesGains }: ReviewOptions,
): Promise<AccessReview> {
  if (changes.length === 0) {
    const known = facts ?? (needsFacts ? await readAccessFacts(db) : undefined);
    return { access: noAccessChange, facts: known, refusals: [], diagnostics: [] };
  }
  const before = facts ?? (await readAccessFacts(db));
  const after = planFacts(before, changes);
  const plan = { desired, changes };
  const access = locateDifferences(compareAccess(before, after, nowMs), plan);
  return {
    access,
    facts: after,
    refusals: refuseLastAdministrator(before, after, plan),
    diagnostics: noteGains(access, deniesGains),
  };
}
