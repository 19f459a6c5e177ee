import type { Database } from "../database/database.js";
import type { LiveDatabase, PoolOptions } from "../database/live-database.js";
import { openLiveDatabase } from "../database/open.js";
import { createLruCache } from "../lru-cache.js";
import { createReporter } from "../oidc/event.js";
import { createRateLimit, type RateLimit } from "../rate-limit.js";
import { Secret } from "../secrets/secret.js";
import { digestToken } from "../secrets/token.js";
import { openVault } from "../secrets/vault.js";
import { prepareUserLookup } from "../users/principal.js";
import { createAuthenticate, createAuthorize } from "./authenticate.js";
import { createTokenAuthority, prepareTokenLookup } from "./authenticate-token.js";
import { createUserAuthority } from "./authenticate-user.js";
import type { AccessTokenType } from "./bearer/access-token.js";
import { createBearerAuthority } from "./bearer/authority.js";
import { channelName, type VerifierEvent } from "./event.js";
import { createLastUsed } from "./last-used.js";
import { createProblems, type Language, type Problems } from "./problem.js";
import { type Authorization, type Outcome, sourceOf, type Verifier } from "./verifier.js";

/**
 * Opens the auth database and creates a verifier that turns an `Authorization` header into a principal. It writes only the users
 * that claims describe and the times of tokens' last use.
 *
 * @throws SetupError when the database is missing, not prepared by `vtb-setup apply` (unavailable), or newer than this
 * version (refused)
 * @throws TypeError when the realm is not valid in a header, RangeError for a number outside its range
 */
export async function createVerifier(options: VerifierOptions): Promise<Verifier> {
  const database = await openLiveDatabase(options.database, "read", {
    env: options.env ?? process.env,
    pool: options.pool,
  });
  try {
    return await createVerifierOf(database, options);
  } catch (error) {
    await database.close();
    throw database.explain(error) ?? error;
  }
}

async function createVerifierOf(database: LiveDatabase, options: VerifierOptions): Promise<Verifier> {
  const { clients = ["api-oidc"], env = process.env, realm = "api", language = "nl" } = options;
  const { cacheSize = 10_000, maxHeaderLength = 16_384, now = Date.now, failureLimit } = options;
  const { leewaySeconds, maxTokenAgeSeconds, accessTokenType, reservedGroups, createUsers: createsUsers } = options;
  const problems = createProblems(realm, language);
  const report = createReporter(channelName, options.onEvent);
  const limit = failureLimit && createFailureLimit(failureLimit);
  const { openWriter } = database;
  // Reports errors of the database at the start.
  const state = await database.changes.current();
  const lastUsed = createLastUsed({
    openWriter,
    generation: database.generation,
    onFailure: (tokens, error) => report({ kind: "last_used_failed", tokens, error }),
  });
  const bearer = await createBearerAuthority({
    ...{ database, openWriter, clients, now, reservedGroups, createsUsers },
    ...{ leewaySeconds, maxTokenAgeSeconds, accessTokenType, cacheSize },
    vault: openVault({ env, keyFile: database.keyFile }),
    onEvent: report,
  });
  const unexplained = createAuthenticate({
    ...{ state, bearer, problems, report, maxHeaderLength, now },
    changes: database.changes,
    tokens: createTokenAuthority({ read: prepareTokenLookup(database), lastUsed, cacheSize }),
    users: createUserAuthority(prepareUserLookup(database), cacheSize),
  });
  const unlimited = explainFailures(unexplained, database);
  const authenticate = limit
    ? limitFailures({ authenticate: unlimited, limit, problems, report, now, cacheSize })
    : unlimited;
  return {
    authenticate,
    authorize: createAuthorize({ authenticate, problems, report }),
    refreshKeys: bearer.refreshKeys,
    async close() {
      await Promise.all([bearer.close(), lastUsed.close()]);
      await database.close();
    },
  };
}

const rememberedSources = 10_000;

/** @throws RangeError for a limit that is not at least 1 */
export function createFailureLimit({ perMinute }: NonNullable<VerifierOptions["failureLimit"]>): RateLimit {
  if (!(perMinute >= 1 && Number.isFinite(perMinute)))
    throw new RangeError("the failure limit must be at least 1 per minute");
  return createRateLimit({ attempts: perMinute, perMs: 60_000, restored: "evenly", maxKeys: rememberedSources });
}

interface LimitFailuresOptions {
  readonly authenticate: Verifier["authenticate"];
  readonly limit: RateLimit;
  readonly problems: Problems;
  readonly report: (event: VerifierEvent) => void;
  readonly now: () => number;
  /** The maximum number of accepted credentials that are remembered. */
  readonly cacheSize: number;
}

/**
 * Limits a source's failed attempts before `authenticate`. Beyond the limit, only credentials that were accepted before are
 * checked, so that a client with a valid credential behind the same address is not affected.
 */
function limitFailures(options: LimitFailuresOptions): Verifier["authenticate"] {
  const { authenticate, limit, problems, report, now, cacheSize } = options;
  // By digest; `authenticate` still rejects a credential that was revoked since.
  const accepted = createLruCache<true>(cacheSize);

  const conclude = (outcome: Outcome, authorization: Authorization, source: string, isTaken: boolean): Outcome => {
    if (outcome.kind === "authenticated" && typeof authorization === "string")
      accepted.set(digestOf(authorization), true);
    if (isTaken && !(outcome.kind === "rejected" && outcome.isFailedAttempt)) limit.giveBack(source);
    return outcome;
  };

  return (authorization, context) => {
    const source = authorization === undefined ? "" : sourceOf(context);
    if (authorization === undefined || source === "") return authenticate(authorization, context);
    const retryAfterSeconds = limit.take(source, now());
    const isTaken = retryAfterSeconds === undefined;
    if (!isTaken && !(typeof authorization === "string" && accepted.get(digestOf(authorization)))) {
      const problem = problems.throttled(retryAfterSeconds);
      report({ kind: "throttled", source, instance: problem.body.instance });
      return { kind: "rejected", problem, isFailedAttempt: true };
    }
    // An error of the verifier is not a failed attempt.
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

/** Explains errors of the database in asynchronous results. */
function explainFailures(authenticate: Verifier["authenticate"], { explain }: Database): Verifier["authenticate"] {
  const fail = (error: unknown): never => {
    throw explain(error) ?? error;
  };
  return (authorization, context) => {
    const outcome = authenticate(authorization, context);
    // Errors thrown synchronously are explained already.
    return outcome instanceof Promise ? outcome.catch(fail) : outcome;
  };
}

export interface VerifierOptions {
  /** The URL of the auth database, such as `sqlite:./vtb-auth.db`; created by `vtb-setup apply`. */
  readonly database: string;
  /** Identifiers of the OIDC clients whose bearer tokens are accepted. Defaults to `["api-oidc"]`. */
  readonly clients?: readonly string[] | undefined;
  /** Receives the reasons of rejected requests, and failures in the background; never a credential. */
  readonly onEvent?: ((event: VerifierEvent) => void) | undefined;
  /** Where `VTB_SETUP_KEY` and `VTB_SETUP_KEY_FILE` are looked up. Defaults to the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** The connection pool of a database server. Ignored for a database file. */
  readonly pool?: PoolOptions | undefined;
  /** The realm in `WWW-Authenticate`. Defaults to `api`. */
  readonly realm?: string | undefined;
  /** The language of the texts for clients. Defaults to `nl`, as in the Django APIs. */
  readonly language?: Language | undefined;
  /** The maximum clock skew between provider and API, 0 to 300 seconds. Defaults to 30. */
  readonly leewaySeconds?: number | undefined;
  /** The maximum age of a bearer token in seconds after its `iat`, regardless of its `exp`. Defaults to unlimited. */
  readonly maxTokenAgeSeconds?: number | undefined;
  /** `rfc9068` accepts only JWTs of the type `at+jwt` (RFC 9068), `lenient` others too. Defaults to `lenient`. */
  readonly accessTokenType?: AccessTokenType | undefined;
  /** Groups that no claim can add a user to, regardless of case. Defaults to none. */
  readonly reservedGroups?: readonly string[] | undefined;
  /** Whether a valid bearer token creates its user if there is none. Defaults to true. */
  readonly createUsers?: boolean | undefined;
  /** Limits the failed attempts per source. Defaults to unlimited, since all clients of a proxy may share its address. */
  readonly failureLimit?:
    | {
        /** The number of failed attempts per source and minute. They are restored evenly. */
        readonly perMinute: number;
      }
    | undefined;
  /** The maximum length of an `Authorization` header, in characters. Defaults to 16384. */
  readonly maxHeaderLength?: number | undefined;
  /** The maximum number of tokens, users and answers of a provider in each cache, at least 1. Defaults to 10,000. */
  readonly cacheSize?: number | undefined;
  /** The current time in milliseconds since 1970, for tests. Defaults to `Date.now`. */
  readonly now?: (() => number) | undefined;
}
