import { type AccessChange, compareAccess, noAccessChange } from "../access/compare.js";
import type { AccessFacts } from "../access/facts.js";
import { locateDifferences, noteGains, refuseLastAdministrator } from "../access/guards.js";
import { planFacts } from "../access/planned-facts.js";
import type { Plan } from "../plan/plan.js";
import type { Resource } from "../plan/resource.js";

/** What a plan does to who may do what, and what that refuses or is worth a look. */
type AccessReview = Pick<Plan, "refusals" | "diagnostics"> & {
  readonly access: AccessChange;
  /** What decides who may do what afterwards; undefined where nothing changes and nobody asked. */
  readonly facts: AccessFacts | undefined;
};

interface ReviewOptions {
  /** Reads who may do what so far. */
  readonly readFacts: () => Promise<AccessFacts>;
  /** Whether the facts are wanted, even where nothing changes. */
  readonly needsFacts: boolean;
  readonly nowMs: number;
  readonly deniesGains: boolean;
}

/** Compares effective access before and after a plan. Without changes, nothing more is read unless the facts are wanted. */
export async function reviewAccess(
  desired: readonly Resource[],
  { changes }: Pick<Plan, "changes">,
  { readFacts, needsFacts, nowMs, deniesGains }: ReviewOptions,
): Promise<AccessReview> {
  if (changes.length === 0) {
    const facts = needsFacts ? await readFacts() : undefined;
    return { access: noAccessChange, facts, refusals: [], diagnostics: [] };
  }
  const before = await readFacts();
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
