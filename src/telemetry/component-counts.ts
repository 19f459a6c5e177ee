import type { SetupError } from "../errors.js";
import type { LoginEvent } from "../login/event.js";
import type { VerifierEvent } from "../verifier/event.js";
import type { Tallies } from "./tally.js";

// What verifiers and logins have in common.

type Component = "verifier" | "login";

/** Counts fetches of providers' keys. */
export function createProviderEventCount(
  component: Component,
  tallies: Tallies,
): (event: VerifierEvent | LoginEvent) => void {
  const fetches = tallies("vtb_setup.provider.key_fetches");
  const count = (outcome: string): void =>
    fetches.add({ "vtb_setup.component": component, "vtb_setup.outcome": outcome });
  return (event) => {
    if (event.kind === "keys_fetched") count("fetched");
    else if (event.kind === "provider_failed" && event.endpoint === "keys") count("failed");
  };
}

export function createDatabaseFailureCount(component: Component, tallies: Tallies): (error: SetupError) => void {
  const failures = tallies("vtb_setup.database.failures");
  return ({ diagnostics: [diagnostic] }) =>
    failures.add({ "vtb_setup.component": component, "error.type": diagnostic?.code ?? "_OTHER" });
}
