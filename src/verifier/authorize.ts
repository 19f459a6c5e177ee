import { SetupError } from "../errors.js";
import type { VerifierEvent } from "./event.js";
import type { Decision, Outcome } from "./outcome.js";
import type { Problems } from "./problem.js";
import type { Verifier } from "./verifier.js";

export interface AuthorizeOptions {
  readonly authenticate: Verifier["authenticate"];
  readonly problems: Problems;
  readonly report: (event: VerifierEvent) => void;
}

const retryAfterSeconds = 1;

export function createAuthorize({ authenticate, problems, report }: AuthorizeOptions): Verifier["authorize"] {
  const decide = (outcome: Outcome, permission: string | undefined): Decision => {
    if (outcome.kind !== "authenticated") return { kind: "refused", problem: outcome.problem };
    const { principal } = outcome;
    if (permission === undefined || principal.hasPermission(permission)) return { kind: "allowed", principal };
    const { scheme, credential, user } = principal;
    const problem = problems.permissionDenied(scheme);
    const { instance } = problem.body;
    report({ kind: "forbidden", scheme, credential, username: user.username, permission, instance });
    return { kind: "refused", problem };
  };
  const unavailable = (error: unknown): Decision => {
    if (!(error instanceof SetupError)) throw error;
    const problem = problems.serviceUnavailable(retryAfterSeconds);
    report({ kind: "unavailable", reason: "database", error, instance: problem.body.instance });
    return { kind: "refused", problem };
  };
  return (authorization, permission, context) => {
    try {
      const outcome = authenticate(authorization, context);
      if (!(outcome instanceof Promise)) return decide(outcome, permission);
      return outcome.then((found) => decide(found, permission)).catch(unavailable);
    } catch (error) {
      return unavailable(error);
    }
  };
}
