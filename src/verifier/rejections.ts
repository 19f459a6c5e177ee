import type { RejectedToken } from "./authenticate-token.js";
import type { RejectionReason, Scheme } from "./authorization-header.js";
import type { BearerOutcome, RejectionDetails } from "./bearer-authority.js";
import type { VerifierEvent } from "./event.js";
import type { Problems, ProblemText } from "./problem.js";
import type { Outcome } from "./verifier.js";

type Rejected = Extract<Outcome, { kind: "rejected" }>;

interface BearerRejection extends RejectionDetails {
  readonly reason: string;
}

/** Turns a rejection into a response: the reason is for the log only. */
export interface Rejections {
  readonly malformed: (scheme: Scheme | undefined, reason: RejectionReason) => Rejected;
  readonly token: (rejection: RejectedToken) => Rejected;
  readonly bearer: (rejection: BearerRejection) => Rejected;
  readonly unavailable: (outcome: Extract<BearerOutcome, { kind: "unavailable" }>) => Rejected;
}

export function createRejections(problems: Problems, report: (event: VerifierEvent) => void): Rejections {
  return {
    malformed(scheme, reason) {
      const problem = problems.authenticationFailed("invalid_request", scheme, malformedText(scheme, reason));
      report({ kind: "rejected", scheme, reason: reason, ...instanceOf(problem) });
      return rejected(problem);
    },
    token({ reason, token, username }) {
      const detail = reason === "inactive_user" ? "user_inactive" : "token_invalid";
      const problem = problems.authenticationFailed("invalid_token", "token", detail);
      report({
        ...{ kind: "rejected", scheme: "token", reason: reason },
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
    unavailable({ reason, retryAfterSeconds, found, isCausedByCaller = false }) {
      const problem = problems.serviceUnavailable(retryAfterSeconds);
      report({ kind: "unavailable", reason, ...(found !== undefined && { found }), ...instanceOf(problem) });
      return rejected(problem, isCausedByCaller);
    },
  };
}

function instanceOf({ body: { instance } }: Rejected["problem"]): { readonly instance: string } {
  return { instance };
}

function rejected(problem: Rejected["problem"], isFailedAttempt = true): Rejected {
  return { kind: "rejected", problem, isFailedAttempt };
}

function malformedText(scheme: Scheme | undefined, reason: RejectionReason): ProblemText {
  if (reason === "several_headers") return "header_twice";
  if (reason === "too_long") return "header_too_long";
  if (reason === "no_credentials") return scheme === "bearer" ? "bearer_missing" : "token_missing";
  if (reason === "several_credentials") return scheme === "bearer" ? "bearer_spaces" : "token_spaces";
  return "token_characters";
}

function bearerText(reason: string): ProblemText {
  if (reason === "inactive_user") return "user_inactive";
  if (reason === "not_configured" || reason === "weak_secret") return "bearer_not_configured";
  if (reason === "unknown_user") return "bearer_no_user";
  const isOfUser = reason.startsWith("username_") || reason === "groups_overage";
  return isOfUser ? "bearer_login_failed" : "bearer_invalid";
}
