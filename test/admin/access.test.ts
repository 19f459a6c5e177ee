import { describe, expect, it } from "vitest";
import type { Attributes } from "../../src/plan/resource.js";
import { resource } from "../support/run.js";
import { clientOf, providerOf } from "../verifier/bearer/world.js";
import { otherValue, token, tokenValue } from "../verifier/verifier-world.js";
import { makeSite, person, type SiteBrowser } from "./site.js";

const plain = { is_superuser: false, is_staff: false };

function staff(name: string, permissions: readonly string[], more: Attributes = {}) {
  return person(name, { is_superuser: false, permissions, ...more });
}

async function accessSite() {
  return await makeSite([
    resource("group", "lezers", { permissions: ["taken.view_taak"] }),
    person("jan", { ...plain, groups: ["lezers"], permissions: ["berichten.view_bericht"] }),
    staff("ziener", ["vtb_setup.view_users"]),
    staff("tokens", ["vtb_setup.view_tokens"]),
    staff("historie", ["vtb_setup.view_history"]),
    token("forms", tokenValue, { permissions: ["taken.view_taak"] }),
    token("van-jan", otherValue, { user: "jan", permissions: ["taken.view_taak", "taken.delete_taak"] }),
    providerOf({ issuer: "https://idp.example" }),
    clientOf({
      options: {
        user_settings: { claim_mappings: { username: ["sub"] } },
        groups_settings: { claim_mapping: ["groups"], sync: true, superuser_group_names: ["beheer"] },
      },
    }),
  ]);
}

/** The text of a page's content, a line for each cell and item. */
async function textAt(browser: SiteBrowser, path: string): Promise<readonly string[]> {
  const { status, text } = await browser.get(path);
  expect(status).toBe(200);
  const main = /<main[^>]*>(.*)<\/main>/s.exec(text)?.[1] ?? "";
  return main
    .replace(/<form.*?<\/form>/gs, "")
    .replace(/<(?:a|span|strong)\b[^>]*>|<\/(?:a|span|strong)>/g, "")
    .split(/<[^>]*>/)
    .map((line) => line.replace(/\s+/g, " ").trim())
    .filter((line) => line !== "");
}

describe("the access pages", () => {
  it("show what a user may, where each right comes from, and what signing in would add", async () => {
    const browser = await (await accessSite()).signedIn("root");
    const lines = await textAt(browser, "/access/user?name=jan");
    expect(lines.slice(0, 8)).toEqual([
      "What jan may do",
      "What jan may do",
      "Right",
      "Comes from",
      "berichten.view_bericht",
      "own right, from the file",
      "taken.view_taak",
      "group lezers, from the file",
    ]);
    const signIn = lines.slice(lines.indexOf("What signing in gives"));
    expect(signIn).toContain("who is in the group beheer at the sign-in service");
    expect(signIn).toContain("everything (superuser)");
    expect(lines).toContain("van-jan active");
    expect(await textAt(browser, "/access/user?name=root")).toContain(
      "This user is a superuser and may do everything.",
    );
    expect((await browser.get("/access/user?name=nobody")).status).toBe(404);
    expect((await browser.get("/access/user?name=%00")).status).toBe(404);
  });

  it("show what a token may, and what of it has no effect", async () => {
    const browser = await (await accessSite()).signedIn("root");
    const lines = await textAt(browser, "/access/token?name=van-jan");
    expect(lines).toContain("group lezers, from the file");
    expect(lines.slice(lines.findIndex((line) => line.endsWith("So it has no effect:")) + 1)[0]).toBe(
      "taken.delete_taak",
    );
    expect(await textAt(browser, "/access/token?name=forms")).toContain("none: the token has its own rights");
    expect((await browser.get("/access/token?name=nothing")).status).toBe(404);
  });

  it("show who may something: users, tokens and what signing in gives", async () => {
    const browser = await (await accessSite()).signedIn("root");
    const lines = await textAt(browser, "/access/permission?name=taken.view_taak");
    const from = (line: string) => lines.slice(lines.indexOf(line));
    expect(from("jan").slice(0, 4)).toEqual(["jan", "group lezers, from the file", "root", "may do everything"]);
    expect(from("forms").slice(0, 2)).toEqual(["forms", "own right, from the file"]);
    expect(from("van-jan").slice(0, 3)).toEqual(["van-jan", "jan", "group lezers, from the file"]);
    expect(lines).toContain("who is in the group lezers at the sign-in service");
    expect((await browser.get("/access/permission?name=")).location).toBe("/access");
  });

  it("show all rights with how many have each, and who may everything", async () => {
    const browser = await (await accessSite()).signedIn("root");
    const lines = await textAt(browser, "/access");
    const at = lines.indexOf("taken.view_taak");
    expect(lines.slice(at, at + 3)).toEqual(["taken.view_taak", "1", "2"]);
    expect(lines.slice(lines.indexOf("Who may do everything"))[1]).toBe("root");
  });

  it("are downloaded as CSV and JSON, of all or of one right", async () => {
    const browser = await (await accessSite()).signedIn("root");
    const { text, headers } = await browser.get("/access/download?format=csv");
    expect(headers.get("content-disposition")).toBe('attachment; filename="access-2026-03-01.csv"');
    expect(text).toContain("api_token,van-jan,jan,,taken.view_taak,group,lezers,config,,\r\n");
    expect(text).toContain("user,jan,,,berichten.view_bericht,own,,config,,van-jan\r\n");
    const one = await browser.get("/access/download?format=json&permission=taken.view_taak");
    const items: readonly { readonly principal: { readonly key: string }; readonly superuser?: true }[] = JSON.parse(
      one.text,
    ).items;
    expect(items.map(({ principal, superuser }) => [principal.key, superuser ?? false])).toEqual([
      ["jan", false],
      ["root", true],
      ["forms", false],
      ["van-jan", false],
      ["api-oidc", false],
      ["api-oidc", true],
    ]);
  });

  it("show users and tokens to those alone who may see them", async () => {
    const site = await accessSite();
    const viewer = await site.signedIn("ziener");
    const keeper = await site.signedIn("tokens");
    const other = await site.signedIn("historie");
    const statuses = async (browser: SiteBrowser) =>
      Promise.all(
        ["", "/user?name=jan", "/token?name=forms", "/permission?name=taken.view_taak", "/download"].map(
          async (path) => (await browser.get(`/access${path}`)).status,
        ),
      );
    expect(await statuses(viewer)).toEqual([200, 200, 403, 200, 200]);
    expect(await statuses(keeper)).toEqual([200, 403, 200, 200, 200]);
    expect(await statuses(other)).toEqual([403, 403, 403, 403, 403]);
    const path = "/access/permission?name=taken.view_taak";
    const [ofUsers, ofTokens] = [await textAt(viewer, path), await textAt(keeper, path)];
    expect([ofUsers.includes("jan"), ofUsers.includes("forms")]).toEqual([true, false]);
    expect([ofTokens.includes("root"), ofTokens.includes("forms")]).toEqual([false, true]);
    expect(await textAt(viewer, "/access/user?name=jan")).not.toContain("van-jan active");
    const [users, tokens] = [await viewer.get("/access/download"), await keeper.get("/access/download")];
    expect(users.text).not.toContain("api_token");
    expect(users.text).toContain("user,jan,,,berichten.view_bericht,own,,config,,\r\n");
    expect(
      tokens.text
        .split("\r\n")
        .slice(1, -1)
        .every((line) => line.startsWith("api_token,")),
    ).toBe(true);
  });
});
