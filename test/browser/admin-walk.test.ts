import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, it, onTestFinished } from "vitest";
import { startBrowser } from "../support/browser.js";
import { startOpenIdProvider } from "../support/openid-provider.js";
import { administrator, type Registration, type WalkProvider, walk } from "./admin-walk.js";
import { choose } from "./person.js";

let browser: Browser;

beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());

const client = { clientId: "vtb-beheer", clientSecret: "canary-at-a-real-provider-77b0c2e45d19a8f3" } as const;

async function startProvider({ redirectUri, postLogoutUri }: Registration): Promise<WalkProvider> {
  const provider = await startOpenIdProvider({
    configuration: {
      clients: [
        {
          client_id: client.clientId,
          client_secret: client.clientSecret,
          redirect_uris: [redirectUri],
          post_logout_redirect_uris: [postLogoutUri],
          token_endpoint_auth_method: "client_secret_post",
          require_auth_time: true,
        },
      ],
      claims: {
        openid: ["sub"],
        email: ["email", "email_verified"],
        profile: ["preferred_username", "given_name", "groups"],
      },
      features: { devInteractions: { enabled: true } },
      findAccount: (_context: unknown, id: string) => ({
        accountId: id,
        claims: () => ({
          sub: id,
          preferred_username: id,
          email: `${id}@gemeente.example`,
          email_verified: true,
          given_name: "Jan",
          groups: [administrator.group],
        }),
      }),
    },
  });
  onTestFinished(() => provider.close());
  return {
    discoveryEndpoint: provider.discoveryEndpoint,
    ...client,
    signIn: async (page) => {
      await page.getByPlaceholder("Enter any login").fill(administrator.username);
      await page.getByPlaceholder("and password").fill("any");
      await choose(page, "button", "Sign-in");
      await choose(page, "button", "Continue");
    },
    confirmLogout: (page: Page) => choose(page, "button", "Yes, sign me out"),
  };
}

describe("from an empty database to a token, in a real browser", () => {
  it.each([
    { language: "nl", scripts: true },
    { language: "en", scripts: false },
  ] as const)(
    "works in $language, scripts: $scripts",
    async (how) => {
      await walk(browser, { ...how, startProvider });
    },
    120_000,
  );
});
