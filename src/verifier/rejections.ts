import type { TokenRefusal } from "./authenticate-token.js";
import type { Scheme, TokenFault } from "./authorization-header.js";
import type { BearerOutcome, RefusalDetails } from "./bearer-authority.js";
import type { VerifierEvent } from "./event.js";
import type { Problems, ProblemText } from "./problem.js";
import type { Outcome } from "./verifier.js";

type Rejected = Extract<Outcome, { kind: "rejected" }>;

interface BearerRefusal extends RefusalDetails {
  readonly reason: string;
}

/** Turns a refusal into a response: the reason goes to the log, and the client learns little. */
export interface Refusals {
  readonly malformed: (scheme: Scheme | undefined, fault: TokenFault) => Rejected;
  readonly token: (refusal: TokenRefusal) => Rejected;
  readonly bearer: (refusal: BearerRefusal) => Rejected;
  readonly unavailable: (outcome: Extract<BearerOutcome, { kind: "unavailable" }>) => Rejected;
}

export function createRefusals(problems: Problems, report: (event: VerifierEvent) => void): Refusals {
  return {
    malformed(scheme, fault) {
      const problem = problems.authenticationFailed("invalid_request", scheme, malformedText(scheme, fault));
      report({ kind: "rejected", scheme, reason: fault, ...instanceOf(problem) });
      return rejected(problem);
    },
    token({ fault, token, username }) {
      const detail = fault === "inactive_user" ? "user_inactive" : "token_invalid";
      const problem = problems.authenticationFailed("invalid_token", "token", detail);
      report({
        ...{ kind: "rejected", scheme: "token", reason: fault },
        ...(token !== undefined && { token }),
        ...(username !== undefined && { username }),
        ...instanceOf(problem),
      });
      return rejected(problem);
    },
    bearer({ reason, username, claim, found, expected, hint }) {
      const problem = problems.authenticationFailed("invalid_token", "bearer", bearerText(reason));
      report({
        ...{ kind: "rejected", scheme: "bearer", reason },
        ...(username !== undefined && { username }),
        ...(claim !== undefined && { claim }),
        ...(found !== undefined && { found }),
        ...(expected !== undefined && { expected }),
        ...(hint !== undefined && { hint }),
        ...instanceOf(problem),
      });
      return rejected(problem);
    },
    unavailable({ reason, retryAfterSeconds, found, isCallersFault = false }) {
      const problem = problems.serviceUnavailable(retryAfterSeconds);
      report({ kind: "unavailable", reason, ...(found !== undefined && { found }), ...instanceOf(problem) });
      return rejected(problem, isCallersFault);
    },
  };
}

function instanceOf({ body: { instance } }: Rejected["problem"]): { readonly instance: string } {
  return { instance };
}

function rejected(problem: Rejected["problem"], isFailedAttempt = true): Rejected {
  return { kind: "rejected", problem, isFailedAttempt };
}

function malformedText(scheme: Scheme | undefined, fault: TokenFault): ProblemText {
  if (fault === "several_headers") return "header_twice";
  if (fault === "too_long") return "header_too_long";
  if (fault === "no_credentials") return scheme === "bearer" ? "bearer_missing" : "token_missing";
  if (fault === "several_credentials") return scheme === "bearer" ? "bearer_spaces" : "token_spaces";
  return "token_characters";
}

function bearerText(reason: string): ProblemText {
  if (reason === "inactive_user") return "user_inactive";
  if (reason === "not_configured" || reason === "weak_secret") return "bearer_not_configured";
  if (reason === "unknown_user") return "bearer_no_user";
  const isOfUser = reason.startsWith("username_") || reason === "groups_overage";
  return isOfUser ? "bearer_login_failed" : "bearer_invalid";
}
