import type { LiveDatabase, PoolOptions } from "../database/live-database.js";
import { openLiveDatabase } from "../database/open.js";
import { createLruCache } from "../lru-cache.js";
import { orElse } from "../maybe-promise.js";
import { createReporter } from "../oidc/event.js";
import type { GuardedFetch } from "../oidc/guarded-fetch.js";
import { createRateLimit } from "../rate-limit.js";
import { createSignRun } from "../secrets/journal-key.js";
import { openVault } from "../secrets/vault.js";
import { prepareUserLookup } from "../users/principal.js";
import { authenticate, authorize, type VerifierContext } from "./authenticate.js";
import type { Scheme } from "./authorization-header.js";
import type { AccessTokenType } from "./bearer/access-token.js";
import { closeBearer, createBearer, refreshKeys } from "./bearer/authenticate.js";
import { readUsableClients } from "./bearer/usable-clients.js";
import { createCatalogueCollector } from "./catalogue.js";
import type { CheckTrace } from "./check-trace.js";
import { channelName, type VerifierEvent } from "./event.js";
import { createFailureLimit } from "./failure-limit.js";
import { createLastUsed } from "./last-used.js";
import { observeFailure, type VerifierObserver, type VerifierTelemetry } from "./observer.js";
import { describeSecurity } from "./openapi.js";
import { createProblems, type Language, type Problems } from "./problem.js";
import { prepareTokenLookup } from "./read-token.js";
import { checkRequirement, type Requirement, type RequireOptions } from "./requirement.js";
import { checkResource, describeResource, metadataUrlOf, type ProtectedResource } from "./resource-metadata.js";
import { createStatus } from "./status.js";
import { createExpiryWatch, prepareTokenPolicies } from "./token-policies.js";
import { createTokenRates } from "./token-use.js";
import type { Verifier } from "./verifier.js";

/**
 * Opens the auth database and creates a verifier that turns an `Authorization` header into a principal. It writes only the users
 * that claims describe and the times of tokens' last use.
 *
 * @throws SetupError when the database is missing, not prepared by `vtb-setup apply` (unavailable), or newer than this
 * version (refused)
 * @throws TypeError when the realm is not valid in a header or the resource's URL is not valid, RangeError for a number outside its range
 */
export async function createVerifier(options: VerifierOptions): Promise<Verifier> {
  const observer = options.telemetry?.observeVerifier();
  const database = await openLiveDatabase(options.database, "read", {
    env: options.env ?? process.env,
    pool: options.pool,
    onFailure: observer?.databaseFailed,
  });
  try {
    const verifier = await createVerifierOf(database, options, { observer });
    observer?.watch(verifier.status);
    return verifier;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Who looks on, and what asks providers. */
interface Attachments {
  readonly observer?: VerifierObserver | undefined;
  /** Only of an explanation. */
  readonly trace?: CheckTrace;
  readonly fetch?: GuardedFetch;
}

/** A verifier with its own connection to an open database, which it closes. */
export async function createVerifierOf(
  database: LiveDatabase,
  options: Omit<VerifierOptions, "database">,
  { observer, trace, fetch }: Attachments = {},
): Promise<Verifier> {
  const { clients = ["api-oidc"], env = process.env, realm = "api", language = "nl" } = options;
  const { cacheSize = 10_000, maxHeaderLength = 16_384, now = Date.now, failureLimit } = options;
  const { leewaySeconds, maxTokenAgeSeconds, accessTokenType, reservedGroups, createUsers: createsUsers } = options;
  const { changes, openWriter } = database;
  const resource = options.resource === undefined ? undefined : checkResource(options.resource);
  const metadataUrl = resource && metadataUrlOf(resource);
  const problemsFor = (only?: Scheme): Problems => createProblems(realm, language, { only, metadataUrl });
  const problems = problemsFor();
  const report = createReporter(channelName, options.onEvent, observer?.event);
  const failures = failureLimit && createFailureLimit({ ...failureLimit, cacheSize, now });
  const endedUses = createRateLimit({ attempts: 1, perMs: 3_600_000, restored: "at_once", maxKeys: cacheSize });
  // Reports errors of the database at the start.
  const state = await changes.current();
  const lastUsed = createLastUsed({
    openWriter,
    generation: database.generation,
    onFailure: (tokens, error) => report({ kind: "last_used_failed", tokens, error }),
  });
  const bearer = await createBearer(
    {
      database,
      openWriter,
      clients,
      now,
      reservedGroups,
      createsUsers,
      leewaySeconds,
      maxTokenAgeSeconds,
      accessTokenType,
      cacheSize,
      vault: openVault({ env, keyFile: database.keyFile }),
      sign: createSignRun({ env, keyFile: database.keyFile }),
      onEvent: report,
      observer,
      trace,
      fetch,
    },
    state,
  );
  const verifier: VerifierContext = {
    changes,
    bearer,
    problems,
    report,
    takeEndedUse: (token) => endedUses.take(token, now()).kind === "taken",
    maxHeaderLength,
    scheme: undefined,
    failures,
    trace,
    tokens: {
      changes,
      read: prepareTokenLookup(database, now),
      policies: prepareTokenPolicies(database),
      known: createLruCache(cacheSize),
      lastUsed,
      rates: createTokenRates(cacheSize),
      lookups: observer?.lookups.tokens,
      expiries: createExpiryWatch(cacheSize, report),
      now,
      trace,
    },
    users: {
      read: prepareUserLookup(database, now),
      known: createLruCache(cacheSize),
      lookups: observer?.lookups.users,
      now,
      trace,
    },
    observer,
  };
  return {
    authenticate: observer
      ? observed(verifier, observer)
      : (authorization, request) => authenticate(verifier, authorization, request),
    ...createAuthorization(verifier, clients, problemsFor),
    resourceMetadataUrl: metadataUrl,
    resourceMetadata: async () => {
      if (!resource) throw new TypeError("the verifier was created without `resource`");
      return describeResource(resource, await readUsableClients(bearer, changes));
    },
    openapi: async (required = {}) => {
      const requirement = checkRequirement(required, clients);
      return describeSecurity(requirement, clients, await readUsableClients(bearer, changes));
    },
    refreshKeys: () => refreshKeys(bearer),
    status: createStatus(verifier, { database, clients, now }),
    async close() {
      observer?.stop();
      await Promise.all([closeBearer(bearer), lastUsed.close()]);
      await database.close();
    },
  };
}

/** Authenticates, and counts what it throws: a decision of `authorize` counts itself. */
function observed(verifier: VerifierContext, observer: VerifierObserver): Verifier["authenticate"] {
  return (authorization, request) => {
    try {
      return orElse(authenticate(verifier, authorization, request), observeFailure, observer);
    } catch (error) {
      return observeFailure(error, observer);
    }
  };
}

/** The part of a verifier that knows what routes require. */
function createAuthorization(
  verifier: VerifierContext,
  clients: readonly string[],
  problemsFor: (scheme: Scheme) => Problems,
): Pick<Verifier, "authorize" | "require" | "registerPermissions" | "catalogue"> {
  const accepting = (scheme: Scheme): VerifierContext => ({ ...verifier, scheme, problems: problemsFor(scheme) });
  const byScheme = { token: accepting("token"), bearer: accepting("bearer") };
  const required = new WeakMap<RequireOptions, Requirement>();
  const { register, catalogue } = createCatalogueCollector();
  return {
    authorize: (authorization, options, request) => {
      if (typeof options !== "object") return authorize(verifier, authorization, options, request);
      const requirement = required.get(options) ?? checkRequirement(options, clients);
      const { scheme } = requirement;
      return authorize(scheme ? byScheme[scheme] : verifier, authorization, requirement, request);
    },
    require: (options) => {
      const kept = Object.freeze({ ...options });
      const requirement = checkRequirement(options, clients);
      required.set(kept, requirement);
      register([...requirement.allOf, ...(requirement.anyOf ?? [])].map((name) => ({ name })));
      return kept;
    },
    registerPermissions: register,
    catalogue,
  };
}

export interface VerifierOptions {
  /** The URL of the auth database, such as `sqlite:./vtb-auth.db`; created by `vtb-setup apply`. */
  readonly database: string;
  /** Identifiers of the OIDC clients whose bearer tokens are accepted. Defaults to `["api-oidc"]`. */
  readonly clients?: readonly string[] | undefined;
  /** Receives the reasons of rejected requests, and failures in the background; never a credential. */
  readonly onEvent?: ((event: VerifierEvent) => void) | undefined;
  /** Counts and times what it does: what `createTelemetry` of `vtb-setup/telemetry` returns. Defaults to nothing. */
  readonly telemetry?: VerifierTelemetry | undefined;
  /** Where `VTB_SETUP_KEY` and `VTB_SETUP_KEY_FILE` are looked up. Defaults to the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** The connection pool of a database server. Ignored for a database file. */
  readonly pool?: PoolOptions | undefined;
  /** The realm in `WWW-Authenticate`. Defaults to `api`. */
  readonly realm?: string | undefined;
  /**
   * The API's URL, and what its metadata says of it (RFC 9728); challenges then name the metadata's URL. Defaults to none, without
   * metadata.
   */
  readonly resource?: string | ProtectedResource | undefined;
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
