import { type SetupError, setupError } from "../errors.js";

/** A row that the tables don't allow: the plan should have refused it, or a kind from elsewhere has a rule that it does not tell. */
export function constraintViolated(rule: string, cause: unknown): SetupError {
  return setupError(
    "internal",
    "DATABASE_FAILED",
    `the database does not allow what the run writes (${rule})`,
    "look for two entries with the same value there; if the rule is not one of your own step's tables, report this as a fault",
    { cause },
  );
}
