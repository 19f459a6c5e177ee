import { onTestFinished } from "vitest";
import { apply } from "../../src/apply/apply.js";
import type { Database } from "../../src/database/database.js";
import { createLogin } from "../../src/login/create-login.js";
import type { LoginEvent } from "../../src/login/event.js";
import type { Login, StartRequest } from "../../src/login/login.js";
import type { LoginOptions } from "../../src/login/settings.js";
import type { Attributes, Resource } from "../../src/plan/resource.js";
import { Secret } from "../../src/secrets/secret.js";
import { sealingEnv } from "../support/databases.js";
import { migratedDatabase } from "../support/migrated-database.js";
import { configurationOf, openForTest, resource, runOptions } from "../support/run.js";
import type { TestKey } from "../verifier/bearer/issuer.js";
import { clientOf, clientSecret, providerOf, usualOptions } from "../verifier/bearer/world.js";
import { type Browser, openBrowser } from "./browser.js";
import { type FakeProvider, startFakeProvider } from "./fake-provider.js";

export { clientSecret };
export const start = Date.parse("2026-03-01T12:00:00.000Z");
export const sessionSecret = "the-secret-of-these-tests-8d1f0c6b2a94e735";
export const redirectUri = "https://beheer.example.nl/oidc/callback";

/** The client that logs people in, and gives them the staff flag. */
export function adminClient(more: Attributes = {}): Resource {
  return clientOf(
    {
      client_id: "admin",
      scopes: ["openid", "email", "profile"],
      userinfo_claims_source: "id_token",
      options: {
        user_settings: {
          ...usualOptions.user_settings,
          claim_mappings: {
            username: ["email"],
            email: ["email"],
            first_name: ["given_name"],
            last_name: ["family_name"],
          },
          allow_unverified_email: true,
        },
        groups_settings: { ...usualOptions.groups_settings, make_users_staff: true },
      },
      ...more,
    },
    "admin-oidc",
  );
}

/** The same, whose options are these. */
export function settingsOf(user: object, groups: object = {}): Attributes {
  return {
    options: {
      user_settings: { ...usualOptions.user_settings, allow_unverified_email: true, ...user },
      groups_settings: { ...usualOptions.groups_settings, make_users_staff: true, ...groups },
    },
  };
}

export function localUser(name: string, more: Attributes = {}): Resource {
  return resource("user", name, {
    email: "",
    is_active: true,
    is_staff: true,
    is_superuser: true,
    groups: [],
    permissions: [],
    ...more,
  });
}

export function password(text: string): Attributes {
  return { password: new Secret(text) };
}

/** What the browser's return may come to. */
export type Finished = Awaited<ReturnType<Login["finish"]>>;

export interface World {
  readonly login: Login;
  readonly provider: FakeProvider;
  readonly database: Database;
  readonly url: string;
  readonly events: readonly LoginEvent[];
  /** In milliseconds; a test may move it. */
  clock: number;
  readonly apply: (...resources: readonly Resource[]) => Promise<void>;
  /** Another process with the same database. */
  readonly another: (more?: Partial<LoginOptions>) => Promise<Login>;
  /** Begins a login in a browser: the URL that it is sent to. */
  readonly begin: (browser: Browser, next?: string, more?: StartRequest) => Promise<URL>;
  /** The browser comes back. */
  readonly end: (browser: Browser, callback: string) => Promise<Finished>;
  /** All of it. */
  readonly signIn: (browser?: Browser, next?: string, more?: StartRequest) => Promise<Finished>;
  /** Why a login was refused, as logged. */
  readonly reasons: () => readonly string[];
}

export interface WorldOptions {
  readonly client?: Attributes;
  readonly provider?: Attributes;
  readonly resources?: readonly Resource[];
  readonly login?: Partial<LoginOptions>;
}

/** A provider, a database that names it, and a login over both. All of it goes away with the test. */
export async function makeWorld(key: TestKey, options: WorldOptions = {}): Promise<World> {
  const state = { clock: start };
  const provider = await startFakeProvider(key, () => state.clock);
  onTestFinished(() => provider.close());
  const url = await migratedDatabase();
  const write = async (...resources: readonly Resource[]) =>
    void (await apply(configurationOf(...resources), runOptions(url)));
  const row = providerOf(provider, "idp", { logout_endpoint: `${provider.issuer}/logout`, ...options.provider });
  await write(row, adminClient(options.client), ...(options.resources ?? []));
  const database = await openForTest(url);
  const events: LoginEvent[] = [];
  const open = async (more: Partial<LoginOptions> = {}): Promise<Login> => {
    const login = await createLogin({
      database: url,
      redirectUri,
      sessionSecret,
      env: sealingEnv(),
      now: () => state.clock,
      onEvent: (event) => events.push(event),
      ...options.login,
      ...more,
    });
    onTestFinished(() => login.close());
    return login;
  };
  const login = await open();

  const begin = async (browser: Browser, next?: string, more?: StartRequest): Promise<URL> => {
    const outcome = await login.start({ next, cookieHeader: browser.header(), ...more });
    if (outcome.kind === "refused") throw new Error(`expected a login to begin: ${outcome.code}`);
    browser.take(outcome.cookies);
    return new URL(outcome.location);
  };
  const end = async (browser: Browser, callback: string) => {
    const outcome = await login.finish(callback, browser.header());
    browser.take(outcome.cookies);
    return outcome;
  };
  return Object.assign(state, {
    login,
    provider,
    database,
    url,
    events,
    begin,
    end,
    apply: write,
    another: open,
    signIn: async (browser = openBrowser(), next?: string, more?: StartRequest) =>
      end(browser, provider.authorize((await begin(browser, next, more)).href)),
    reasons: () => events.flatMap((event) => (event.kind === "refused" ? event.reason : [])),
  });
}
