import { randomUUID } from "node:crypto";
import { createWriter } from "../database/live-database.js";
import { withLock } from "../database/lock.js";
import { openLiveDatabase } from "../database/open.js";
import { createCookieJar } from "../login/cookies.js";
import { createLogin } from "../login/create-login.js";
import { createBootstrapCode, hasAdministrator } from "../operations/bootstrap.js";
import { sleep } from "../retry.js";
import type { Admin } from "./admin.js";
import { createApp } from "./app.js";
import type { AdminContext, Change } from "./context.js";
import { createTrialMemory } from "./openid/trials.js";
import { type AdminOptions, readAdminSettings } from "./options.js";
import { createTimes } from "./times.js";

const lockTimeoutMs = 5000;

/**
 * Opens the auth database and creates the admin interface on it.
 *
 * @throws SetupError as {@link createLogin} does
 * @throws TypeError, RangeError for invalid options
 */
export async function createAdmin(options: AdminOptions): Promise<Admin> {
  const settings = readAdminSettings(options);
  const { env = process.env, now = Date.now, pool, onEvent = () => {} } = options;
  const urlOf = (path: string): string => settings.publicUrl.origin + settings.basePath + path;
  const login = await createLogin({
    database: options.database,
    client: settings.client,
    redirectUri: urlOf("/oidc/callback"),
    postLogoutRedirectUri: urlOf("/signed-out"),
    cookieName: settings.cookieName,
    sessionSecret: options.sessionSecret,
    idleTimeoutMs: options.idleTimeoutMs,
    lifetimeMs: options.lifetimeMs,
    env,
    pool,
    onEvent,
    now,
  });
  const database = await openLiveDatabase(options.database, "read", { env, pool }).catch(async (error: unknown) => {
    await login.close();
    throw error;
  });
  const writer = createWriter(database.openWriter);
  const lock = { now, newId: randomUUID, timeoutMs: lockTimeoutMs, sleep, hasTables: true };
  const change: Change = (work) =>
    writer.use((open) => withLock(open, lock, (tx, onRollback) => work(tx, open, onRollback)));
  const trials = createTrialMemory(now);
  const times = createTimes(settings.timeZone, now);
  const jar = createCookieJar(settings.isSecure, settings.cookieName);
  const context: AdminContext = { settings, login, jar, database, env, now, times, report: onEvent, trials, change };
  const app = createApp(context);
  return {
    publicUrl: urlOf(""),
    fetch: async (request, peer = {}) => app.fetch(request, peer),
    bootstrapCode: async () => {
      if (!settings.bootstrap) throw new TypeError("createAdmin needs the option `bootstrap` to make one-time codes");
      // Most databases have an administrator: then nothing takes the lock.
      return (await hasAdministrator(database.kysely)) ? undefined : change((tx) => createBootstrapCode(tx, now()));
    },
    refreshKeys: login.refreshKeys,
    close: async () => {
      await login.close();
      await writer.close();
      await database.close();
    },
  };
}
