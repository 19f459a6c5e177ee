import type { LoginObserver } from "../login/observer.js";
import { createDatabaseFailureCount, createProviderEventCount } from "./component-counts.js";
import { createBounded, type Tallies } from "./tally.js";

/** Counts what a login does. */
export function createLoginObserver(tallies: Tallies): Omit<LoginObserver, "watch" | "stop" | "providerRequest"> {
  const starts = tallies("vtb_setup.login.starts");
  const signIns = tallies("vtb_setup.login.sign_ins");
  const endedSessions = tallies("vtb_setup.login.sessions.ended");
  const bounded = createBounded();
  const countProviderEvent = createProviderEventCount("login", tallies);
  const signedIn = (method: string): void =>
    signIns.add({ "vtb_setup.outcome": "signed_in", "vtb_setup.sign_in.method": method });
  return {
    event: (event) => {
      countProviderEvent(event);
      switch (event.kind) {
        case "started":
          return starts.add({});
        case "signed_in":
          return signedIn("provider");
        case "signed_in_with_password":
          return signedIn("password");
        case "refused":
          return signIns.add({ "vtb_setup.outcome": "refused", "error.type": bounded(event.reason) });
        case "session_ended":
          return endedSessions.add({ "vtb_setup.reason": bounded(event.reason) });
        default:
          // The other events tell of no sign-in or session that ended.
          return undefined;
      }
    },
    databaseFailed: createDatabaseFailureCount("login", tallies),
  };
}
