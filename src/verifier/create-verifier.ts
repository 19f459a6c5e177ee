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
 * Opens the auth database and creates a verifier that turns an `Authorization` header into a principal. The database is only read,
 * except to write the users that sign in and the times at which tokens were last used.
 *
 * @throws SetupError when the database is missing, not prepared by `vtb-setup apply` (unavailable), or newer than this
 * version (refused)
 * @throws TypeError when the realm is not valid in a header, RangeError for a number out of its range
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
  // The first check, so that errors of the database appear at the start.
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
    throw new RangeError("the failure limit must be at least 1 a minute");
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
 * Limits a source's failed attempts before `authenticate`. Beyond the limit, only credentials of that source that were accepted
 * before are checked: a client that shares its address and has a good credential is not affected.
 */
function limitFailures(options: LimitFailuresOptions): Verifier["authenticate"] {
  const { authenticate, limit, problems, report, now, cacheSize } = options;
  // By digest; `authenticate` still checks, and refuses, a credential that is revoked meanwhile.
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
    // A fault of ours is not a failed attempt.
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

/** Explains errors of a sign-in or of the first load of the clients like all other errors of the database. */
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
  /** Such as `sqlite:./vtb-auth.db`; made by `vtb-setup apply`. */
  readonly database: string;
  /** Identifiers of the OIDC clients whose bearer tokens are accepted; `["api-oidc"]` by default. */
  readonly clients?: readonly string[] | undefined;
  /** Receives why a request was refused, and what goes wrong behind the scenes; never a credential. */
  readonly onEvent?: ((event: VerifierEvent) => void) | undefined;
  /** Where `VTB_SETUP_KEY` and `VTB_SETUP_KEY_FILE` are looked up; the process's own by default. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** How many connections to a server; a file has no use for it. */
  readonly pool?: PoolOptions | undefined;
  /** What `WWW-Authenticate` calls the API; `api` by default. */
  readonly realm?: string | undefined;
  /** Of the texts for clients; `nl` by default, as of the Django APIs. */
  readonly language?: Language | undefined;
  /** How far the clocks of provider and API may differ, 0 to 300 s; 30 by default. */
  readonly leewaySeconds?: number | undefined;
  /** The most seconds after a bearer token's `iat`, whatever its `exp` says; unlimited by default. */
  readonly maxTokenAgeSeconds?: number | undefined;
  /** `rfc9068` takes only JWTs that are marked as access tokens (RFC 9068); `lenient`, the default, others too. */
  readonly accessTokenType?: AccessTokenType | undefined;
  /** Groups that no claim may give, whatever their case; only files and people do. None by default. */
  readonly reservedGroups?: readonly string[] | undefined;
  /** Whether a person with a good bearer token and no user yet gets one; true by default. */
  readonly createUsers?: boolean | undefined;
  /** How many failed attempts one source has; unlimited by default, since behind a proxy all may have its address. */
  readonly failureLimit?:
    | {
        /** The number of failed attempts that a source has per minute; they are restored evenly. */
        readonly perMinute: number;
      }
    | undefined;
  /** The most characters that an `Authorization` header may have; 16384 by default. */
  readonly maxHeaderLength?: number | undefined;
  /** How many tokens, users and answers of a provider each memory holds, at least 1; 10,000 by default. */
  readonly cacheSize?: number | undefined;
  /** In milliseconds since 1970, for tests. */
  readonly now?: (() => number) | undefined;
}
