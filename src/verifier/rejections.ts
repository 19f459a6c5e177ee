import { quoteForeign } from "../oidc/foreign-text.js";
import type { RejectedToken, ThrottledToken } from "./authenticate-token.js";
import type { AuthorizationHeader, Scheme } from "./authorization-header.js";
import type { BearerOutcome, RejectionDetails } from "./bearer-outcome.js";
import type { Answered, VerifierEvent } from "./event.js";
import type { ProblemDetails, Problems, ProblemText } from "./problem.js";
import type { BearerReason, HeaderReason } from "./reasons.js";
import type { Outcome, RequestContext } from "./verifier.js";

type Rejected = Extract<Outcome, { kind: "rejected" }>;

type MalformedHeader = Extract<AuthorizationHeader, { kind: "malformed" }>;
type UnavailableBearer = Extract<BearerOutcome, { kind: "unavailable" }>;

interface BearerRejection extends RejectionDetails {
  readonly reason: BearerReason;
}

/** How rejections are answered: the reason is for the log only. */
export interface Answers {
  readonly problems: Problems;
  readonly report: (event: VerifierEvent) => void;
  /** Takes the event about the use of a token's ended values: true where there was none for an hour. */
  readonly takeEndedUse: (token: string) => boolean;
}

export function rejectHeader(
  { problems, report }: Answers,
  { scheme, reason }: MalformedHeader,
  request: RequestContext | undefined,
): Rejected {
  const problem = problems.authenticationFailed("invalid_request", scheme, malformedText(scheme, reason));
  report({ kind: "rejected", scheme, reason, ...answered(problem, request) });
  return rejected(problem);
}

/** As an unsupported scheme is answered, without an error (RFC 6750 §3.1). Nothing was tried, so it is no failed attempt. */
export function rejectScheme(
  { problems, report }: Answers,
  scheme: Scheme,
  expected: Scheme,
  request: RequestContext | undefined,
): Rejected {
  const problem = problems.notAuthenticated();
  report({ kind: "rejected", scheme, reason: "scheme_not_accepted", expected, ...answered(problem, request) });
  return rejected(problem, false);
}

export function rejectToken(
  answers: Answers,
  { kind, reason, token, ...details }: RejectedToken,
  request: RequestContext | undefined,
): Rejected {
  const { problems, report } = answers;
  const detail = reason === "inactive_user" ? "user_inactive" : "token_invalid";
  const problem = problems.authenticationFailed("invalid_token", "token", detail);
  const about = answered(problem, request);
  report({ kind, scheme: "token", reason, ...(token !== undefined && { token }), ...details, ...about });
  if (token !== undefined && (reason === "revoked" || reason === "grace_ended")) {
    if (answers.takeEndedUse(token)) report({ kind: "revoked_token_used", token, reason, ...about });
  }
  return rejected(problem);
}

export function rejectBearer(
  { problems, report }: Answers,
  rejection: BearerRejection,
  request: RequestContext | undefined,
): Rejected {
  const problem = problems.authenticationFailed("invalid_token", "bearer", bearerText(rejection.reason));
  report({ kind: "rejected", scheme: "bearer", ...rejection, ...answered(problem, request) });
  return rejected(problem);
}

/** The provider could not be asked: the client may try again. */
export function rejectUnavailable(
  { problems, report }: Answers,
  { kind, retryAfterSeconds, found, isCausedByCaller = false, ...details }: UnavailableBearer,
  request: RequestContext | undefined,
): Rejected {
  const problem = problems.serviceUnavailable(retryAfterSeconds);
  report({ kind, ...details, ...(found !== undefined && { found }), ...answered(problem, request) });
  return rejected(problem, isCausedByCaller);
}

export function rejectThrottled(
  { problems, report }: Answers,
  source: string,
  retryAfterSeconds: number,
  request: RequestContext | undefined,
): Rejected {
  const problem = problems.throttled(retryAfterSeconds, "throttled");
  report({ kind: "throttled", reason: "failed_attempts", source, ...answered(problem, request) });
  return rejected(problem);
}

/** The token is valid, so it is no failed attempt. */
export function throttleToken(
  { problems, report }: Answers,
  { kind, token, username, retryAfterSeconds }: ThrottledToken,
  request: RequestContext | undefined,
): Rejected {
  const problem = problems.throttled(retryAfterSeconds, "rate_limited");
  report({ kind, reason: "rate_limit", token, username, ...answered(problem, request) });
  return rejected(problem, false);
}

/** What an event says of the response and the request. Only called for events, since an id may cost something to get. */
export function answered({ body: { instance } }: ProblemDetails, request: RequestContext | undefined): Answered {
  const given = request?.requestId;
  const id = typeof given === "function" ? given() : given;
  // It may be a header's value, which the caller chose.
  return id === undefined || id === "" ? { instance } : { instance, requestId: quoteForeign(id) };
}

function rejected(problem: Rejected["problem"], isFailedAttempt = true): Rejected {
  return { kind: "rejected", problem, isFailedAttempt };
}

function malformedText(scheme: Scheme | undefined, reason: HeaderReason): ProblemText {
  if (reason === "several_headers") return "header_twice";
  if (reason === "too_long") return "header_too_long";
  if (reason === "no_credentials") return scheme === "bearer" ? "bearer_missing" : "token_missing";
  if (reason === "several_credentials") return scheme === "bearer" ? "bearer_spaces" : "token_spaces";
  return "token_characters";
}

function bearerText(reason: BearerReason): ProblemText {
  if (reason === "inactive_user") return "user_inactive";
  if (reason === "not_configured" || reason === "weak_secret") return "bearer_not_configured";
  if (reason === "unknown_user") return "bearer_no_user";
  const isOfUser = reason.startsWith("username_") || reason === "groups_overage";
  return isOfUser ? "bearer_login_failed" : "bearer_invalid";
}
