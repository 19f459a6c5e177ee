import type { ChangeSignal, DatabaseState } from "../database/live-database.js";
import { SetupError } from "../errors.js";
import { andThen, type MaybePromise, orElse } from "../maybe-promise.js";
import type { Principal } from "../users/principal.js";
import { type TokenContext, type TokenOutcome, verifyToken } from "./authenticate-token.js";
import { readPrincipal, type UserContext, type UserOutcome } from "./authenticate-user.js";
import { parseAuthorization, type Scheme } from "./authorization-header.js";
import { type BearerContext, verifyBearer } from "./bearer/authenticate.js";
import type { AcceptedBearer, BearerOutcome } from "./bearer-outcome.js";
import type { CheckTrace } from "./check-trace.js";
import { countAttempt, type FailureLimit, giveBack, takeAttempt } from "./failure-limit.js";
import type { VerifierObserver } from "./observer.js";
import {
  type Answers,
  answered,
  rejectBearer,
  rejectHeader,
  rejectScheme,
  rejectThrottled,
  rejectToken,
  rejectUnavailable,
  throttleToken,
} from "./rejections.js";
import { type Denial, denialOf, type Requirement } from "./requirement.js";
import { type Authorization, type Decision, type Outcome, type RequestContext, sourceOf } from "./verifier.js";

/** What a verifier works with. */
export interface VerifierContext extends Answers {
  readonly changes: ChangeSignal;
  readonly tokens: TokenContext;
  readonly bearer: BearerContext;
  readonly users: UserContext;
  readonly maxHeaderLength: number;
  /** Undefined where nobody counts. */
  readonly observer?: VerifierObserver | undefined;
  /** The only accepted scheme; undefined where both are. */
  readonly scheme: Scheme | undefined;
  /** Undefined where attempts are not limited. */
  readonly failures: FailureLimit | undefined;
  readonly trace?: CheckTrace | undefined;
}

/** From header to principal: parse, verify, provision the user, read its principal. No scheme falls back to another. */
function identify(
  verifier: VerifierContext,
  authorization: Authorization,
  request: RequestContext | undefined,
): MaybePromise<Outcome> {
  const header = parseAuthorization(authorization, verifier.maxHeaderLength);
  if (header.kind === "none") {
    verifier.observer?.anonymous();
    return { kind: "anonymous", problem: verifier.problems.notAuthenticated() };
  }
  const { scheme } = header;
  if (scheme !== undefined && verifier.scheme !== undefined && scheme !== verifier.scheme) {
    return rejectScheme(verifier, scheme, verifier.scheme, request);
  }
  if (header.kind === "malformed") return rejectHeader(verifier, header, request);
  verifier.trace?.passed("no_credentials", `${scheme}, ${header.credential.length} characters`);
  return scheme === "token"
    ? identifyByToken(verifier, header.credential, request)
    : identifyByBearer(verifier, header.credential, request);
}

/** The database holds API tokens with their users, so there is nothing to provision. */
function identifyByToken(
  verifier: VerifierContext,
  credential: string,
  request: RequestContext | undefined,
): MaybePromise<Outcome> {
  return andThen(verifyToken(verifier.tokens, credential, request), answerToken, verifier, request);
}

function answerToken(outcome: TokenOutcome, verifier: VerifierContext, request: RequestContext | undefined): Outcome {
  if (outcome.kind === "rejected") return rejectToken(verifier, outcome, request);
  if (outcome.kind === "throttled") return throttleToken(verifier, outcome, request);
  if (verifier.observer) verifier.observer.authenticated.token.count += 1;
  return outcome;
}

/** Verifying an access token provisions its user. */
function identifyByBearer(
  verifier: VerifierContext,
  credential: string,
  request: RequestContext | undefined,
): MaybePromise<Outcome> {
  const outcome = andThen(verifier.changes.current(), verifyBearer, verifier.bearer, credential, request);
  return andThen(outcome, answerBearer, verifier, request);
}

function answerBearer(
  outcome: BearerOutcome,
  verifier: VerifierContext,
  request: RequestContext | undefined,
): MaybePromise<Outcome> {
  if (outcome.kind === "rejected") return rejectBearer(verifier, outcome, request);
  if (outcome.kind === "unavailable") return rejectUnavailable(verifier, outcome, request);
  // The provider may have been slow, and this request may have written the user.
  return andThen(verifier.changes.current(outcome.revision), identifyUser, verifier, outcome, request);
}

function identifyUser(
  state: DatabaseState,
  verifier: VerifierContext,
  accepted: AcceptedBearer,
  request: RequestContext | undefined,
): MaybePromise<Outcome> {
  return andThen(readPrincipal(verifier.users, accepted, state), answerUser, verifier, request);
}

function answerUser(outcome: UserOutcome, verifier: VerifierContext, request: RequestContext | undefined): Outcome {
  if (outcome.kind === "rejected") return rejectBearer(verifier, outcome, request);
  if (verifier.observer) verifier.observer.authenticated.bearer.count += 1;
  return outcome;
}

/** Authenticates a request, within the limit of failed attempts that its source has. */
export function authenticate(
  verifier: VerifierContext,
  authorization: Authorization,
  request: RequestContext | undefined,
): MaybePromise<Outcome> {
  const { failures } = verifier;
  const source = failures === undefined || authorization === undefined ? "" : sourceOf(request);
  if (failures === undefined || source === "") return identify(verifier, authorization, request);
  const attempt = takeAttempt(failures, source, authorization);
  if (attempt.kind === "throttled") return rejectThrottled(verifier, source, attempt.retryAfterSeconds, request);
  try {
    const outcome = andThen(identify(verifier, authorization, request), countAttempt, failures, attempt);
    return orElse(outcome, giveBack, failures, attempt);
  } catch (error) {
    return giveBack(error, failures, attempt);
  }
}

/**
 * Decides whether a request is permitted.
 *
 * @param required a permission, or what a route requires; without it, each authenticated request is allowed
 */
export function authorize(
  verifier: VerifierContext,
  authorization: Authorization,
  required: string | Requirement | undefined,
  request: RequestContext | undefined,
): MaybePromise<Decision> {
  try {
    const decision = andThen(authenticate(verifier, authorization, request), decide, verifier, required, request);
    return orElse(decision, decideWithoutDatabase, verifier, request);
  } catch (error) {
    return decideWithoutDatabase(error, verifier, request);
  }
}

function decide(
  outcome: Outcome,
  answers: Answers,
  required: string | Requirement | undefined,
  request: RequestContext | undefined,
): Decision {
  if (outcome.kind !== "authenticated") return { kind: "refused", problem: outcome.problem };
  const { principal } = outcome;
  const denial = typeof required === "object" ? denialOf(principal, required) : lackOf(principal, required);
  if (denial === undefined) return { kind: "allowed", principal };
  // 403 for another client's token too: it is valid, so `invalid_token` would have its program fetch a new one (RFC 6750 §3.1).
  const problem = answers.problems.permissionDenied(principal.scheme);
  const { scheme, credential, user } = principal;
  const { username } = user;
  answers.report({ kind: "forbidden", scheme, credential, username, ...denial, ...answered(problem, request) });
  return { kind: "refused", problem };
}

function lackOf({ hasPermission }: Principal, permission: string | undefined): Denial | undefined {
  return permission === undefined || hasPermission(permission)
    ? undefined
    : { reason: "permission_missing", permission };
}

const retryAfterSeconds = 1;

function decideWithoutDatabase(
  error: unknown,
  { problems, report }: Answers,
  request: RequestContext | undefined,
): Decision {
  if (!(error instanceof SetupError)) throw error;
  const problem = problems.serviceUnavailable(retryAfterSeconds);
  report({ kind: "unavailable", reason: "database", error, ...answered(problem, request) });
  return { kind: "refused", problem };
}
