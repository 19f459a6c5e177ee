import { type AccessChange, compareAccess, noAccessChange } from "../access/compare.js";
import type { AccessFacts } from "../access/facts.js";
import { locateDifferences, noteGains, refuseLastAdministrator } from "../access/guards.js";
import { planFacts } from "../access/planned-facts.js";
import { readAccessFacts } from "../access/read-facts.js";
import type { Connection } from "../database/database.js";
import type { Plan } from "../plan/plan.js";
import type { Resource } from "../plan/resource.js";

/** What a plan does to who may do what, and what that refuses or is worth a look. */
type AccessReview = Pick<Plan, "refusals" | "diagnostics"> & { readonly access: AccessChange };

interface ReviewOptions {
  /** Who may do what so far, where that has been read already. */
  readonly facts?: AccessFacts | undefined;
  readonly nowMs: number;
  readonly deniesGains: boolean;
}

/** Compares effective access before and after a plan. Without changes, nothing more is read. */
export async function reviewAccess(
  db: Connection,
  desired: readonly Resource[],
  { changes }: Pick<Plan, "changes">,
  { facts, nowMs, deniesGains }: ReviewOptions,
): Promise<AccessReview> {
  if (changes.length === 0) return { access: noAccessChange, refusals: [], diagnostics: [] };
  const before = facts ?? (await readAccessFacts(db));
  const after = planFacts(before, changes);
  const plan = { desired, changes };
  const access = locateDifferences(compareAccess(before, after, nowMs), plan);
  return {
    access,
    refusals: refuseLastAdministrator(before, after, plan),
    diagnostics: noteGains(access, deniesGains),
  };
}
