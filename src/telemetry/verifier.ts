import { SetupError } from "../errors.js";
import type { CacheLookups, LookupCounts, VerifierObserver } from "../verifier/observer.js";
import { createDatabaseFailureCount, createProviderEventCount } from "./component-counts.js";
import { type Cell, createBounded, type Tallies, type Tally } from "./tally.js";

/** Counts what a verifier does. */
export function createVerifierObserver(tallies: Tallies): Omit<VerifierObserver, "watch" | "stop" | "providerRequest"> {
  const requests = tallies("vtb_setup.verifier.requests");
  const bounded = createBounded();
  const acceptedBy = (scheme: string): Cell =>
    requests.cell({ "vtb_setup.outcome": "accepted", "vtb_setup.scheme": scheme });
  const authenticated = { token: acceptedBy("token"), bearer: acceptedBy("bearer") };
  const anonymous = requests.cell({ "vtb_setup.outcome": "anonymous" });
  const countProviderEvent = createProviderEventCount("verifier", tallies);
  return {
    authenticated,
    anonymous: () => {
      anonymous.count += 1;
    },
    failed: (error) =>
      requests.add(
        error instanceof SetupError
          ? { "vtb_setup.outcome": "unavailable", "error.type": "database" }
          : { "vtb_setup.outcome": "failed", "error.type": "_OTHER" },
      ),
    event: (event) => {
      countProviderEvent(event);
      // What tells of an answer has the answer's `instance`. This one comes with another.
      if (!("instance" in event) || event.kind === "revoked_token_used") return;
      // It was counted as accepted earlier in this turn of the event loop.
      if (event.kind === "forbidden") authenticated[event.scheme].count -= 1;
      requests.add({
        "vtb_setup.outcome": event.kind,
        ...("scheme" in event && event.scheme !== undefined && { "vtb_setup.scheme": event.scheme }),
        "error.type": bounded(event.reason),
      });
    },
    databaseFailed: createDatabaseFailureCount("verifier", tallies),
    lookups: createLookups(tallies("vtb_setup.verifier.cache.lookups")),
  };
}

function createLookups(tally: Tally): CacheLookups {
  const countsOf = (name: string): LookupCounts => {
    const cell = (result: string): Cell =>
      tally.cell({ "vtb_setup.cache.name": name, "vtb_setup.cache.result": result });
    return { hits: cell("hit"), misses: cell("miss") };
  };
  return { tokens: countsOf("tokens"), bearerTokens: countsOf("bearer_tokens"), users: countsOf("users") };
}
