import { setMaxListeners } from "node:events";
import { createWrite, createWriter, type LiveDatabase } from "../database/live-database.js";
import { openLiveDatabase } from "../database/open.js";
import { createReporter } from "../oidc/event.js";
import { createGuardedFetch } from "../oidc/guarded-fetch.js";
import type { FetchFor } from "../oidc/provider.js";
import { observeFetch } from "../oidc/request-observer.js";
import { createSignRun } from "../secrets/journal-key.js";
import { deriveSecret, loadExistingKeys } from "../secrets/key.js";
import type { Secret } from "../secrets/secret.js";
import { openVault } from "../secrets/vault.js";
import { prepareUserLookup } from "../users/principal.js";
import { createRefusalPage, type LoginContext } from "./context.js";
import { createCookieJar, createSeals, isSameText, type SessionSecrets } from "./cookies.js";
import { channelName } from "./event.js";
import { createFinish } from "./finish.js";
import type { Login } from "./login.js";
import { createLoadClient } from "./login-client.js";
import { createLoginProviders, readClientRow } from "./login-provider.js";
import { createSpentStates } from "./login-state.js";
import { createLogout } from "./logout.js";
import type { LoginObserver } from "./observer.js";
import { createPasswordSignIn } from "./password-sign-in.js";
import { createProvisionFromClaims } from "./provision.js";
import { createSameOriginCheck } from "./same-origin.js";
import { createFindSession } from "./session-cookie.js";
import { createSessions } from "./sessions.js";
import { type LoginOptions, type LoginSettings, readSettings } from "./settings.js";
import { createStart } from "./start.js";
import { createLoginStatus } from "./status.js";
import { createTrials, createTryOut } from "./trial.js";

const timeoutMs = 5000;
const rememberedAnswers = 1000;

/**
 * Opens the auth database and creates a login through the OpenID provider of its client. Sessions are rows: all processes with
 * the same database and secret share them.
 *
 * @throws SetupError when the database is missing, not prepared by `vtb-setup apply` (unavailable), or newer than this
 * version (refused); without `sessionSecret`, also when there is no sealing key that it could be derived from (invalid, refused)
 * @throws TypeError, RangeError for invalid options
 */
export async function createLogin(options: LoginOptions): Promise<Login> {
  const settings = readSettings(options);
  const observer = options.telemetry?.observeLogin();
  const database = await openLiveDatabase(options.database, "read", {
    env: options.env ?? process.env,
    pool: options.pool,
    onFailure: observer?.databaseFailed,
  });
  try {
    // Reports errors of the database at the start.
    await database.changes.current();
    const login = createLoginOf(database, settings, options, observer);
    observer?.watch(login.status);
    return login;
  } catch (error) {
    await database.close();
    throw error;
  }
}

function createLoginOf(
  database: LiveDatabase,
  settings: LoginSettings,
  options: LoginOptions,
  observer: LoginObserver | undefined,
): Login {
  const { env = process.env, now = Date.now } = options;
  const { client: identifier, reservedGroups } = settings;
  const readSecrets = (): SessionSecrets => {
    if (settings.sessionSecret) return [settings.sessionSecret];
    const [newest, ...older] = loadExistingKeys({ env, keyFile: database.keyFile }).keys;
    return [deriveSessionSecret(newest), ...older.map(deriveSessionSecret)];
  };
  const report = createReporter(channelName, options.onEvent, observer?.event);
  const stopped = new AbortController();
  // Every pending request listens to it.
  setMaxListeners(0, stopped.signal);
  const fetchFor: FetchFor = (caFile, endpoint) => {
    const fetch = createGuardedFetch({ caFile: caFile ?? undefined, timeoutMs, signal: stopped.signal });
    return observeFetch(fetch, endpoint, observer);
  };
  const writer = createWriter(database.openWriter);
  const write = createWrite(writer);
  const seals = createSeals(readSecrets, now);
  const providers = createLoginProviders({ fetchFor, now, onEvent: report, cacheSize: rememberedAnswers });
  const vault = openVault({ env, keyFile: database.keyFile });
  const sign = createSignRun({ env, keyFile: database.keyFile });
  const context: LoginContext = {
    settings,
    seals,
    report,
    now,
    jar: createCookieJar(settings.isSecure, settings.cookieName),
    loadClient: createLoadClient({ database, identifier, providers, vault, reservedGroups, fetchFor, report }),
    sessions: createSessions({ database, write, seals, settings, report, now }),
    states: createSpentStates(database, write, now),
    refusalPage: createRefusalPage(settings, report),
  };
  const readUser = prepareUserLookup(database, now);
  const provisionFromClaims = createProvisionFromClaims({ database, writer, now, sign, report });
  const isSameOrigin = createSameOriginCheck(settings.redirectUrl.origin);

  /** Wraps a function to check first that this version supports the database. */
  const checked =
    <P extends readonly unknown[], R>(work: (...parameters: P) => Promise<R>) =>
    async (...parameters: P): Promise<R> => {
      await database.changes.current();
      return await work(...parameters);
    };

  const trials = createTrials({ context, database, vault, reservedGroups, fetchFor });
  return {
    start: checked(createStart(context)),
    finish: checked(createFinish({ context, provisionFromClaims, readUser, trials })),
    tryOut: checked(createTryOut(context, trials)),
    signInWithPassword: checked(createPasswordSignIn({ context, database, readUser, sign })),
    session: checked(createFindSession(context)),
    checkCsrf: ({ csrfToken }, submitted) => typeof submitted === "string" && isSameText(csrfToken, submitted),
    isSameOrigin,
    isEnabled: checked(async () => (await readClientRow(database, identifier))?.enabled === 1),
    logout: checked(createLogout({ context, database, providers })),
    endSessionsOf: checked(async (userId: string) => {
      const ended = await context.sessions.endAllOf(userId);
      if (ended > 0) report({ kind: "session_ended", client: identifier, userId, reason: "revoked" });
      return ended;
    }),
    refreshKeys: providers.refreshKeys,
    status: createLoginStatus({ database, identifier, providers, vault, now }),
    async close() {
      observer?.stop();
      stopped.abort(new Error("the login was closed"));
      await writer.close();
      await database.close();
    },
  };
}

function deriveSessionSecret(sealingKey: Buffer): Secret {
  return deriveSecret(sealingKey, "session secret");
}
