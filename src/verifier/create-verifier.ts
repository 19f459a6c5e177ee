import type { LiveDatabase } from "../database/live-database.js";
import { openLiveDatabase } from "../database/open.js";
import { openVault } from "../secrets/vault.js";
import { prepareUserLookup } from "../users/principal.js";
import { createAuthenticate } from "./authenticate.js";
import { createTokenAuthority } from "./authenticate-token.js";
import { createUserAuthority } from "./authenticate-user.js";
import { createAuthorize } from "./authorize.js";
import { createBearerAuthority } from "./bearer/authority.js";
import { createReporter } from "./event.js";
import { explainFailures } from "./explain-failures.js";
import { createFailureLimit } from "./failure-limit.js";
import { createLastUsed } from "./last-used.js";
import { limitFailures } from "./limit-failures.js";
import type { VerifierOptions } from "./options.js";
import { createProblems } from "./problem.js";
import { prepareTokenLookup } from "./read-tokens.js";
import type { Verifier } from "./verifier.js";

/**
 * Opens the auth database and gives what turns an `Authorization` header into a principal. The database is only read, but for
 * the users that sign in and the times at which tokens were last used.
 *
 * @throws SetupError when the database is not there, not prepared by `vtb-setup apply` (unavailable), or newer than this
 * version (refused)
 * @throws TypeError when the realm can't stand in a header, RangeError for a number that is out of its range
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
  const report = createReporter(options.onEvent);
  const limit = failureLimit && createFailureLimit(failureLimit);
  const { openWriter } = database;
  // Also the first look: what is wrong with the database is said at the start.
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
