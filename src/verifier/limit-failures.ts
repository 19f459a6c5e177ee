import { createRecent } from "../oidc/lru-cache.js";
import { Secret } from "../secrets/secret.js";
import { digestToken } from "../secrets/token.js";
import type { VerifierEvent } from "./event.js";
import type { FailureLimit } from "./failure-limit.js";
import type { Outcome } from "./outcome.js";
import type { Problems } from "./problem.js";
import { sourceOf } from "./source-key.js";
import type { Authorization, Verifier } from "./verifier.js";

export interface LimitFailuresOptions {
  readonly authenticate: Verifier["authenticate"];
  readonly limit: FailureLimit;
  readonly problems: Problems;
  readonly report: (event: VerifierEvent) => void;
  readonly now: () => number;
  /** How many credentials that were let in are known. */
  readonly cacheSize: number;
}

/**
 * Puts a limit on a source's failed attempts before `authenticate`. Beyond it nothing is looked up for that source but what was
 * let in before: whoever shares its address and has a good credential goes on.
 */
export function limitFailures(options: LimitFailuresOptions): Verifier["authenticate"] {
  const { authenticate, limit, problems, report, now, cacheSize } = options;
  // By digest; a credential that is revoked meanwhile is still looked at, and refused, by `authenticate`.
  const letIn = createRecent<true>(cacheSize);

  const conclude = (outcome: Outcome, authorization: Authorization, source: string, isTaken: boolean): Outcome => {
    if (outcome.kind === "authenticated" && typeof authorization === "string") letIn.set(digestOf(authorization), true);
    if (isTaken && !(outcome.kind === "rejected" && outcome.isFailedAttempt)) limit.giveBack(source);
    return outcome;
  };

  return (authorization, context) => {
    const source = authorization === undefined ? "" : sourceOf(context);
    if (authorization === undefined || source === "") return authenticate(authorization, context);
    const retryAfterSeconds = limit.take(source, now());
    const isTaken = retryAfterSeconds === undefined;
    if (!isTaken && !(typeof authorization === "string" && letIn.get(digestOf(authorization)))) {
      const problem = problems.throttled(retryAfterSeconds);
      report({ kind: "throttled", source, instance: problem.body.instance });
      return { kind: "rejected", problem, isFailedAttempt: true };
    }
    // Who fails for a fault of ours has not failed.
    const giveUp = (error: unknown): never => {
      if (isTaken) limit.giveBack(source);
      throw error;
    };
    try {
      const outcome = authenticate(authorization, { source });
      if (!(outcome instanceof Promise)) return conclude(outcome, authorization, source, isTaken);
      return outcome.then((found) => conclude(found, authorization, source, isTaken), giveUp);
    } catch (error) {
      return giveUp(error);
    }
  };
}

function digestOf(header: string): string {
  return digestToken(new Secret(header));
}
