import type { Database } from "../database/database.js";
import type { Verifier } from "./verifier.js";

/** The same, where what a sign-in or a first look at the clients fails with is told as everything else of the database is. */
export function explainFailures(
  authenticate: Verifier["authenticate"],
  { explain }: Database,
): Verifier["authenticate"] {
  const fail = (error: unknown): never => {
    throw explain(error) ?? error;
  };
  return (authorization, context) => {
    const outcome = authenticate(authorization, context);
    // What is thrown at once comes from what explains itself.
    return outcome instanceof Promise ? outcome.catch(fail) : outcome;
  };
}
