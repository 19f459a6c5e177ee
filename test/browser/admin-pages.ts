import type { Page } from "playwright-core";

/** One page of the admin interface, or a state of it. */
export interface ShownPage {
  readonly name: string;
  readonly path: string;
  /** Who is signed in: a superuser, one with rights to tokens, one without rights, or nobody. */
  readonly as: "fatima" | "jan" | "piet" | "nobody";
  /** What to do on the page before it is looked at, such as to send its form with mistakes. */
  readonly act?: (page: Page) => Promise<void>;
  readonly status?: number;
}

/** Sends the page's form as it is. */
const send = async (page: Page): Promise<void> => {
  await page.locator("main form[method=post] button:not([type=button])").last().click();
  await page.waitForLoadState();
};

/** Every page, and the states in which it looks different. A new page is added here. */
export const shownPages: readonly ShownPage[] = [
  { name: "sign in", path: "/sign-in", as: "nobody" },
  { name: "sign in, wrong password", path: "/sign-in", as: "nobody", act: signInWrongly },
  { name: "signed out", path: "/signed-out", as: "nobody" },
  { name: "a callback that nobody began", path: "/oidc/callback?code=a&state=b", as: "nobody", status: 400 },
  { name: "start", path: "/", as: "fatima" },
  { name: "start, without rights", path: "/", as: "piet" },
  { name: "not found", path: "/nothing", as: "fatima", status: 404 },
  { name: "not allowed", path: "/users", as: "piet", status: 403 },
  { name: "users", path: "/users", as: "fatima" },
  { name: "users, none found", path: "/users?q=nobody-at-all", as: "fatima" },
  { name: "users, filtered and sorted", path: "/users?state=active&sort=-username", as: "jan" },
];

async function signInWrongly(page: Page): Promise<void> {
  await page.locator("#username").fill("nobody-at-all");
  await page.locator("#password").fill("not this one");
  await send(page);
}
