import { onTestFinished } from "vitest";
import { type FakeProvider, startFakeProvider } from "../login/fake-provider.js";
import { writtenIn } from "../support/databases.js";
import { makeKey, type TestKey } from "../verifier/bearer/issuer.js";
import { fieldsOf } from "./forms.js";
import { makeSite, type Site, type SiteBrowser, type Visited } from "./site.js";

export const secret = "canary-secret-7f1c9a523d844e0b9c6a51f0e2d7b834";

let key: Promise<TestKey> | undefined;

export interface OpenIdSite extends Site {
  readonly provider: FakeProvider;
  /** Every body that the browsers of this site were sent so far. */
  readonly seen: readonly string[];
}

/** The admin pages, and a provider that nothing in the database names yet. */
export async function makeOpenIdSite(...given: Parameters<typeof makeSite>): Promise<OpenIdSite> {
  const site = await makeSite(...given);
  key ??= makeKey("RS256");
  const provider = await startFakeProvider(await key, () => site.clock.nowMs);
  onTestFinished(() => provider.close());
  const seen: string[] = [];
  const watched = (browser: SiteBrowser): SiteBrowser => {
    const noted = async (answer: Promise<Visited>): Promise<Visited> => {
      const visited = await answer;
      seen.push(visited.text, JSON.stringify([...visited.headers]));
      return visited;
    };
    return {
      cookies: browser.cookies,
      get: (path) => noted(browser.get(path)),
      post: (...request) => noted(browser.post(...request)),
    };
  };
  return {
    ...site,
    provider,
    seen,
    browser: (...options) => watched(site.browser(...options)),
    signedIn: async (...options) => watched(await site.signedIn(...options)),
  };
}

/** Sends the form of a page, with some fields typed. An undefined one is left out, such as a box without a tick. */
export async function send(
  browser: SiteBrowser,
  path: string,
  typed: Readonly<Record<string, string | undefined>> = {},
): Promise<Visited> {
  const { status, text } = await browser.get(path);
  if (status !== 200) throw new Error(`expected a form: ${status} ${text}`);
  const fields = Object.entries({ ...fieldsOf(text), action: "save", ...typed });
  return await browser.post(
    path,
    Object.fromEntries(fields.filter((field): field is [string, string] => field[1] !== undefined)),
  );
}

export const providerForm = ({ issuer }: FakeProvider) => ({
  identifier: "keycloak",
  oidc_op_discovery_endpoint: issuer,
});

export const clientForm = {
  identifier: "admin-oidc",
  oidc_provider_identifier: "keycloak",
  oidc_rp_client_id: "vtb",
  secret,
  userinfo_claims_source: "id_token",
  claim_username: "email",
  allow_unverified_email: "yes",
  groups_claim: "groups",
  groups_sync: "yes",
  make_users_staff: "yes",
  superuser_group_names: "beheer",
};

/** A provider and a client that is not enabled, made through the forms. */
export async function makeClient(site: OpenIdSite, browser: SiteBrowser, more: object = {}): Promise<void> {
  const provider = await send(browser, "/openid/new-provider", providerForm(site.provider));
  const client = await send(browser, "/openid/new-client", { ...clientForm, ...more });
  for (const { status, text } of [provider, client])
    if (status !== 303) throw new Error(`not saved: ${status} ${text}`);
}

/** Follows a trial to its end: the page that shows what came of it. */
export async function endTrial(site: OpenIdSite, browser: SiteBrowser, begun: Visited): Promise<Visited> {
  const [, location = ""] = /http-equiv="refresh" content="0; url=([^"]+)"/.exec(begun.text) ?? [];
  if (location === "") throw new Error(`expected a trial to begin: ${begun.status} ${begun.text}`);
  return await browser.get(site.provider.authorize(location.replaceAll("&amp;", "&")));
}

/** Tries a saved client out. */
export async function tryOut(
  site: OpenIdSite,
  browser: SiteBrowser,
  fields: Record<string, string> = {},
): Promise<Visited> {
  return await endTrial(site, browser, await browser.post("/openid/clients/admin-oidc/try", fields));
}

/** Everything that the database has stored, and everything that was shown or reported. */
export async function everythingOf(site: OpenIdSite): Promise<string> {
  return [await writtenIn(site.url), ...site.seen, JSON.stringify(site.events)].join("\n");
}
