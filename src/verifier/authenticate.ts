import type { ChangeSignal, DatabaseState } from "../database/live-database.js";
import { SetupError } from "../errors.js";
import { andThen, type MaybePromise } from "../maybe-promise.js";
import type { TokenAuthority, TokenOutcome } from "./authenticate-token.js";
import type { UserAuthority } from "./authenticate-user.js";
import { readAuthorization } from "./authorization-header.js";
import type { BearerAuthority, BearerOutcome } from "./bearer-authority.js";
import type { VerifierEvent } from "./event.js";
import type { Problems } from "./problem.js";
import { createRejections } from "./rejections.js";
import type { Decision, Outcome, RequestContext, Verifier } from "./verifier.js";

interface AuthenticateOptions {
  readonly changes: ChangeSignal;
  /** The state that the authorities were created under. */
  readonly state: DatabaseState;
  readonly tokens: TokenAuthority;
  readonly bearer: BearerAuthority;
  readonly users: UserAuthority;
  readonly problems: Problems;
  readonly report: (event: VerifierEvent) => void;
  readonly maxHeaderLength: number;
  readonly now: () => number;
}

/** Header → scheme → credential → principal. Each scheme has its own authority; none falls through to another. */
export function createAuthenticate(options: AuthenticateOptions): Verifier["authenticate"] {
  const { changes, tokens, bearer, users, problems, report, maxHeaderLength, now } = options;
  const rejections = createRejections(problems, report);
  let { state } = options;

  /** Drops cached entries when another process has changed the database. */
  const dropOutdated = (current: DatabaseState): boolean => {
    if (current === state) return false;
    tokens.forget();
    users.forget();
    bearer.reload();
    state = current;
    return true;
  };
  const followChanges = (): MaybePromise<boolean> => andThen(changes.current(), dropOutdated);

  const byToken = (credential: string): MaybePromise<Outcome> =>
    andThen(tokens.authenticate(credential, now(), followChanges), concludeToken);

  const concludeToken = (outcome: TokenOutcome): Outcome =>
    outcome.kind === "rejected" ? rejections.token(outcome) : outcome;

  const byBearer = (credential: string, context: RequestContext | undefined): MaybePromise<Outcome> => {
    const changed = followChanges();
    return changed instanceof Promise
      ? changed.then(() => askBearer(credential, context))
      : askBearer(credential, context);
  };

  const askBearer = (credential: string, context: RequestContext | undefined): MaybePromise<Outcome> =>
    andThen(bearer.authenticate(credential, now(), context), concludeBearer);

  const concludeBearer = (outcome: BearerOutcome): MaybePromise<Outcome> => {
    if (outcome.kind === "rejected") return rejections.bearer(outcome);
    if (outcome.kind === "unavailable") return rejections.unavailable(outcome);
    // The provider may have been slow, and this request may have written the user.
    const current = andThen(changes.current(outcome.revision), dropOutdated);
    return current instanceof Promise ? current.then(() => identify(outcome)) : identify(outcome);
  };

  const identify = (outcome: Extract<BearerOutcome, { kind: "accepted" }>): MaybePromise<Outcome> => {
    const user = {
      id: outcome.userId,
      client: outcome.clientIdentifier,
      isNewer: outcome.revision > state.revision,
    };
    return andThen(users.authenticate(user, now()), (found) =>
      found.kind === "rejected" ? rejections.bearer(found) : found,
    );
  };

  return (authorization, context) => {
    const header = readAuthorization(authorization, maxHeaderLength);
    if (header.kind === "none") return { kind: "anonymous", problem: problems.notAuthenticated() };
    if (header.kind === "malformed") return rejections.malformed(header.scheme, header.reason);
    return header.scheme === "token" ? byToken(header.credential) : byBearer(header.credential, context);
  };
}

interface AuthorizeOptions {
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
