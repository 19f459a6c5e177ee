import { onTestFinished } from "vitest";
import type { Admin, Peer } from "../../src/admin/admin.js";
import { createAdmin } from "../../src/admin/create-admin.js";
import type { AdminEvent } from "../../src/admin/event.js";
import type { AdminOptions } from "../../src/admin/options.js";
import { apply } from "../../src/apply/apply.js";
import type { Database } from "../../src/database/database.js";
import type { Resource } from "../../src/plan/resource.js";
import { hashPassword, PasswordHash } from "../../src/secrets/password.js";
import { Secret } from "../../src/secrets/secret.js";
import { localUser, sessionSecret } from "../login/world.js";
import { sealingEnv } from "../support/databases.js";
import { migratedDatabase } from "../support/migrated-database.js";
import { configurationOf, openForTest, runOptions } from "../support/run.js";

export const start = Date.parse("2026-03-01T12:00:00.000Z");
export const publicUrl = "https://beheer.example.nl/beheer";
export const secretPhrase = "het wachtwoord van deze tests 4711";

// Made once: hashing takes a tenth of a second on purpose.
const secretHash = new PasswordHash(await hashPassword(new Secret(secretPhrase)));

/** A user who may sign in with the password of these tests; a superuser unless told otherwise. */
export function person(name: string, more: Parameters<typeof localUser>[1] = {}): Resource {
  return localUser(name, { password: secretHash, ...more });
}

export interface Site {
  readonly admin: Admin;
  readonly database: Database;
  readonly url: string;
  readonly events: AdminEvent[];
  readonly clock: { nowMs: number };
  /** The one-time code of a site with `bootstrap`. */
  readonly code: () => Promise<string>;
  readonly apply: (...resources: Resource[]) => Promise<void>;
  /** A browser whose cookies are its own. */
  readonly browser: (headers?: Readonly<Record<string, string>>, peer?: Peer) => SiteBrowser;
  /** A browser in which a user has signed in with the password of these tests. */
  readonly signedIn: (name: string, headers?: Readonly<Record<string, string>>) => Promise<SiteBrowser>;
}

export interface Visited {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Where a redirect leads, without the path that the pages are under; undefined for a page. */
  readonly location: string | undefined;
}

export interface SiteBrowser {
  /** A path inside the pages. Redirects are not followed. */
  readonly get: (path: string) => Promise<Visited>;
  /** Sends a form with the CSRF token of the last page, unless the fields have one. */
  readonly post: (path: string, fields?: Fields, headers?: Readonly<Record<string, string>>) => Promise<Visited>;
  readonly cookies: Map<string, string>;
}

type Fields = Readonly<Record<string, string | readonly string[]>>;

/** The admin pages on a real database, with these entries and a superuser `root`; with `bootstrap`, without one. */
export async function makeSite(
  resources: readonly Resource[] = [],
  options: Partial<AdminOptions> = {},
): Promise<Site> {
  const url = await migratedDatabase();
  const clock = { nowMs: start };
  const declare = async (...declared: Resource[]): Promise<void> => {
    await apply(configurationOf(...declared), { ...runOptions, database: url, env: sealingEnv() });
  };
  await declare(...(options.bootstrap ? [] : [person("root")]), ...resources);
  const events: AdminEvent[] = [];
  const admin = await createAdmin({
    database: url,
    publicUrl,
    sessionSecret,
    env: sealingEnv(),
    now: () => clock.nowMs,
    onEvent: (event) => events.push(event),
    ...options,
  });
  onTestFinished(() => admin.close());
  const database = await openForTest(url);
  const { pathname, origin } = new URL(options.publicUrl ?? publicUrl);
  const basePath = pathname === "/" ? "" : pathname;
  const browser: Site["browser"] = (headers = {}, peer) => openBrowser(admin, { origin, basePath, headers, peer });
  return {
    admin,
    database,
    url,
    events,
    clock,
    code: async () => (await admin.bootstrapCode())?.code.reveal() ?? "",
    apply: declare,
    browser,
    signedIn: async (name, headers) => {
      const opened = browser(headers);
      await opened.get("/sign-in");
      const answer = await opened.post("/sign-in/password", { username: name, password: secretPhrase });
      if (answer.status !== 303) throw new Error(`could not sign in as ${name}: ${answer.status} ${answer.text}`);
      await opened.get("/");
      return opened;
    },
  };
}

interface Place {
  readonly origin: string;
  readonly basePath: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly peer: Peer | undefined;
}

function openBrowser(admin: Admin, { origin, basePath, headers, peer }: Place): SiteBrowser {
  const cookies = new Map<string, string>();
  let csrf: string | undefined;
  const send = async (path: string, init: RequestInit): Promise<Visited> => {
    const sent = new Headers({ "accept-language": "en", ...headers, ...(init.headers as Record<string, string>) });
    sent.set("cookie", [...cookies].map(([name, value]) => `${name}=${value}`).join("; "));
    const response = await admin.fetch(new Request(origin + basePath + path, { ...init, headers: sent }), peer);
    for (const cookie of response.headers.getSetCookie()) {
      const [name = "", value = ""] = (cookie.split(";", 1)[0] ?? "").split(/=(.*)/s);
      if (value === "") cookies.delete(name);
      else cookies.set(name, value);
    }
    const text = await response.text();
    csrf = /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? csrf;
    const location = response.headers.get("location") ?? undefined;
    return { status: response.status, headers: response.headers, text, location: location?.replace(basePath, "") };
  };
  return {
    cookies,
    get: (path) => send(path, {}),
    post: (path, fields = {}, more = {}) => {
      const body = new URLSearchParams(csrf === undefined ? [] : [["csrf", csrf]]);
      for (const [name, value] of Object.entries(fields)) {
        body.delete(name);
        for (const text of [value].flat()) body.append(name, text);
      }
      return send(path, {
        method: "POST",
        body,
        headers: { origin, "sec-fetch-site": "same-origin", ...more },
      });
    },
  };
}
