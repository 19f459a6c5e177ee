import type { Page } from "playwright-core";
import { type SeededSite, seedPassword } from "./seeded-site.js";

/** One page of the admin interface, or a state of it. */
export interface ShownPage {
  readonly name: string;
  readonly path: string;
  /** Of these pages: with passwords for everybody, with passwords for emergencies alone, or of a database without users. */
  readonly of?: "seeded" | "emergency" | "empty";
  /** Who is signed in: a superuser, one with rights to tokens, one without rights, the one who typed the one-time code, or nobody. */
  readonly as: "fatima" | "jan" | "piet" | "code" | "nobody";
  /** What to do on the page before it is looked at, such as to send its form with mistakes. */
  readonly act?: (page: Page, site: SeededSite) => Promise<void>;
  readonly status?: number;
  /** Its title begins with the word for an error. */
  readonly hasMistakes?: boolean;
}

/** Sends the page's form as it is. */
const send = async (page: Page): Promise<void> => {
  await page.locator("main form[method=post] button:not([type=button])").last().click();
  await page.waitForLoadState();
};

/** Every page, and the states in which it looks different. A new page is added here. */
export const shownPages: readonly ShownPage[] = [
  { name: "sign in", path: "/sign-in", as: "nobody" },
  { name: "sign in, wrong password", path: "/sign-in", as: "nobody", act: signInWrongly, hasMistakes: true },
  { name: "sign in, without a provider", path: "/sign-in", of: "empty", as: "nobody" },
  { name: "sign in, in an emergency", path: "/sign-in", of: "emergency", as: "nobody" },
  { name: "the password in an emergency", path: "/sign-in/password", of: "emergency", as: "nobody" },
  {
    name: "the password in an emergency, of no superuser",
    path: "/sign-in/password",
    of: "emergency",
    as: "nobody",
    act: signInWithoutRight,
    hasMistakes: true,
  },
  { name: "the password again", path: "/sign-in/again?next=/users", as: "fatima" },
  { name: "sign in again, before a form", path: "/openid/new-provider", as: "fatima", act: comeBackLater },
  { name: "sign in again, for a form that was sent", path: "/tokens/new?for=user", as: "fatima", act: makeLater },
  { name: "signed in again", path: "/signed-in", as: "fatima" },
  { name: "signed out", path: "/signed-out", as: "nobody" },
  { name: "a callback that nobody began", path: "/oidc/callback?code=a&state=b", as: "nobody", status: 400 },
  { name: "start", path: "/", as: "fatima" },
  { name: "start, without rights", path: "/", as: "piet" },
  { name: "not found", path: "/nothing", as: "fatima", status: 404 },
  { name: "not allowed", path: "/users", as: "piet", status: 403 },
  { name: "users", path: "/users", as: "fatima" },
  { name: "users, none found", path: "/users?q=nobody-at-all", as: "fatima" },
  { name: "users, filtered and sorted", path: "/users?state=active&sort=-username", as: "jan" },
  { name: "a user of a file", path: "/users/willem", as: "fatima" },
  { name: "a user, for those who only look", path: "/users/fatima", as: "jan" },
  { name: "a new user", path: "/new-user", as: "fatima" },
  { name: "a new user, with mistakes", path: "/new-user", as: "fatima", act: send, hasMistakes: true },
  { name: "the groups of a user", path: "/users/willem/groups", as: "fatima" },
  {
    name: "the password of a user, with mistakes",
    path: "/users/willem/password",
    as: "fatima",
    act: send,
    hasMistakes: true,
  },
  { name: "a user to be deactivated", path: "/users/jan/deactivate", as: "fatima" },
  { name: "groups", path: "/groups", as: "fatima" },
  { name: "a group of a file", path: "/groups/vtb-behandelaars", as: "fatima" },
  { name: "the members of a group", path: "/groups/vtb-behandelaars/members", as: "fatima" },
  { name: "a new group, with mistakes", path: "/new-group", as: "fatima", act: send, hasMistakes: true },
  { name: "one's own account, with mistakes", path: "/account", as: "piet", act: send, hasMistakes: true },
  { name: "tokens", path: "/tokens", as: "fatima" },
  { name: "tokens, filtered and sorted", path: "/tokens?state=active&sort=-expires&q=zaak", as: "jan" },
  { name: "tokens, one's own, of which there are none", path: "/tokens", as: "piet" },
  { name: "tokens, an unknown value looked up", path: "/tokens", as: "jan", act: lookUp, hasMistakes: true },
  { name: "a token of a file", path: "/tokens/open-formulieren", as: "fatima" },
  { name: "a token that its file disables", path: "/tokens/rapportage", as: "jan" },
  { name: "a token that was disabled", path: "/tokens/van-jan?done=disabled", as: "jan" },
  { name: "a new token", path: "/tokens/new", as: "jan" },
  { name: "a new token, with mistakes", path: "/tokens/new", as: "jan", act: send, hasMistakes: true },
  { name: "a new token, without permissions to give", path: "/tokens/new", as: "piet" },
  { name: "a new token for another user", path: "/tokens/new?for=user", as: "jan" },
  { name: "a new token for a program", path: "/tokens/new?for=service_user", as: "fatima" },
  { name: "a token that was made", path: "/tokens/new", as: "jan", act: makeToken },
  { name: "tokens to be revoked", path: "/tokens/revoke?name=zaaksysteem&name=rapportage", as: "fatima" },
  {
    name: "tokens to be revoked, without a reason",
    path: "/tokens/revoke?name=zaaksysteem",
    as: "jan",
    act: send,
    hasMistakes: true,
  },
  { name: "a token to be disabled", path: "/tokens/zaaksysteem/disable", as: "jan" },
  { name: "a token to get a new value", path: "/tokens/open-formulieren/rotate", as: "fatima" },
  { name: "a token above one's own account", path: "/tokens/new?for=user", as: "jan", act: makeAbove },
  { name: "OpenID", path: "/openid", as: "fatima" },
  { name: "a provider of a file", path: "/openid/providers/keycloak", as: "fatima" },
  { name: "a client of a file", path: "/openid/clients/admin-oidc", as: "fatima" },
  { name: "a new provider", path: "/openid/new-provider", as: "fatima" },
  { name: "a new provider, with mistakes", path: "/openid/new-provider", as: "fatima", act: save, hasMistakes: true },
  { name: "a new provider, nothing discovered", path: "/openid/new-provider", as: "fatima", act: discover },
  { name: "a new client", path: "/openid/new-client", as: "fatima" },
  { name: "a new client, with mistakes", path: "/openid/new-client", as: "fatima", act: save, hasMistakes: true },
  { name: "a client that was made here", path: "/openid/new-client", as: "fatima", act: saveClient },
  { name: "a client to be enabled", path: "/openid/new-client", as: "fatima", act: askToEnable },
  { name: "a client to be disabled", path: "/openid/clients/api-oidc/disable", as: "fatima" },
  { name: "access", path: "/access", as: "fatima" },
  { name: "access, only of users and tokens", path: "/access", as: "jan" },
  { name: "access of a superuser", path: "/access/user?name=fatima", as: "fatima" },
  { name: "access of a user whose membership ends", path: "/access/user?name=willem", as: "fatima" },
  { name: "access of an inactive user", path: "/access/user?name=sanne", as: "fatima" },
  { name: "access of a token", path: "/access/token?name=van-jan", as: "fatima" },
  { name: "who may something", path: "/access/permission?name=taken.view_externetaak", as: "fatima" },
  { name: "access of nobody", path: "/access/user?name=nobody-at-all", as: "fatima", status: 404 },
  { name: "history", path: "/history", as: "fatima" },
  { name: "history, older", path: "/history?kind=user&through=apply", as: "fatima" },
  { name: "history, a wrong day", path: "/history?since=2027-02-31", as: "fatima", status: 422, hasMistakes: true },
  { name: "history of a token", path: "/history?kind=api_token&name=rapportage", as: "fatima" },
  { name: "what differs from the files", path: "/history/differences", as: "fatima" },
  { name: "a client as YAML", path: "/yaml?kind=oidc_client&name=admin-oidc", as: "fatima" },
  { name: "one-time code", path: "/bootstrap", of: "empty", as: "nobody" },
  {
    name: "one-time code, with mistakes",
    path: "/bootstrap",
    of: "empty",
    as: "nobody",
    act: send,
    hasMistakes: true,
  },
  { name: "start, for the one-time code", path: "/", of: "empty", as: "code" },
  { name: "the first administrator", path: "/first-administrator", of: "empty", as: "code" },
  {
    name: "the first administrator, with mistakes",
    path: "/first-administrator",
    of: "empty",
    as: "code",
    act: send,
    hasMistakes: true,
  },
  { name: "OpenID, of which there is nothing yet", path: "/openid", of: "empty", as: "code" },
  { name: "what a one-time code is not for", path: "/tokens", of: "empty", as: "code", status: 403 },
  { name: "one-time code, no more", path: "/bootstrap", as: "nobody" },
  { name: "a user that was made here", path: "/users/hanna", as: "fatima" },
  { name: "change a user", path: "/users/hanna/edit", as: "fatima" },
  { name: "end a user's sessions", path: "/users/jan/end-sessions", as: "fatima" },
  { name: "delete a user", path: "/users/hanna/delete", as: "fatima" },
  { name: "a token that was made here", path: "/tokens/met-de-hand", as: "jan" },
  { name: "change a group", path: "/groups/projectgroep/edit", as: "fatima" },
  { name: "delete a group", path: "/groups/projectgroep/delete", as: "fatima" },
  { name: "OpenID, not allowed", path: "/openid", as: "jan", status: 403 },
  { name: "change a provider", path: "/openid/providers/entra/edit", as: "fatima" },
  { name: "delete a provider", path: "/openid/providers/entra/delete", as: "fatima" },
  { name: "change a client", path: "/openid/clients/proef/edit", as: "fatima" },
  { name: "delete a client", path: "/openid/clients/proef/delete", as: "fatima" },
];

async function lookUp(page: Page): Promise<void> {
  await page.locator("#token").fill("a-value-that-nobody-has");
  await send(page);
}

/** Of a new name each time. */
async function makeToken(page: Page): Promise<void> {
  await page.locator("#identifier").fill(`koppeling-${Date.now()}`);
  await page.locator("input[name=permissions]").first().check();
  await send(page);
}

async function makeAbove(page: Page): Promise<void> {
  await page.locator("#username").fill("fatima");
  await makeToken(page);
}

async function save(page: Page): Promise<void> {
  await page.locator("button[value=save]").click();
  await page.waitForLoadState();
}

async function discover(page: Page): Promise<void> {
  await page.locator("#oidc_op_discovery_endpoint").fill("https://nergens.invalid");
  await page.locator("button[value=discover]").click();
  await page.waitForLoadState();
}

/** Of a new name each time. */
async function saveClient(page: Page): Promise<void> {
  await page.locator("input[value=other]").check();
  await page.locator("#other_identifier").fill(`app-${Date.now()}`);
  await page.locator("#oidc_provider_identifier").selectOption("keycloak");
  await page.locator("#oidc_rp_client_id").fill("app");
  await save(page);
}

async function askToEnable(page: Page): Promise<void> {
  await saveClient(page);
  await page.locator("a[href$='/enable']").click();
  await page.waitForLoadState();
}

/** Longer after the sign-in than it counts as recent. */
async function comeBackLater(page: Page, site: SeededSite): Promise<void> {
  site.clock.aheadMs = 16 * 60_000;
  await page.reload();
}

async function makeLater(page: Page, site: SeededSite): Promise<void> {
  site.clock.aheadMs = 16 * 60_000;
  await page.locator("#username").fill("jan");
  await makeToken(page);
}

/** With the right password. */
async function signInWithoutRight(page: Page): Promise<void> {
  await page.locator("#username").fill("piet");
  await page.locator("#password").fill(seedPassword);
  await send(page);
}

async function signInWrongly(page: Page): Promise<void> {
  await page.locator("#username").fill("nobody-at-all");
  await page.locator("#password").fill("not this one");
  await send(page);
}
