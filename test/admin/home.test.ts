import { describe, expect, it } from "vitest";
import { adminClient } from "../login/world.js";
import { providerOf } from "../verifier/bearer/world.js";
import { token } from "../verifier/verifier-world.js";
import { makeSite, person, start } from "./site.js";

const inDays = (days: number) => new Date(start + days * 86_400_000).toISOString();

const resources = () => [
  person("jan", { is_superuser: false, permissions: ["taken.view_taak"] }),
  person("piet", { is_superuser: false, permissions: ["vtb_setup.view_tokens"] }),
  token("van-jan", "value-of-van-jan-3f9c2d81a7b64e05", { permissions: null, user: "jan", expires_at: inDays(10) }),
  token("van-piet", "value-of-van-piet-3f9c2d81a7b64e05", { permissions: null, user: "piet", expires_at: inDays(20) }),
  token("later", "value-of-later-3f9c2d81a7b64e05", { permissions: null, user: "piet", expires_at: inDays(300) }),
];

describe("the start page", () => {
  it("counts what needs attention, with links to the lists that show it", async () => {
    const site = await makeSite(resources());
    const home = (await (await site.signedIn("root")).get("/")).text;
    expect(home).toContain('<a href="/beheer/tokens?expiring=30">2 API tokens expire within 30 days</a>');
    expect(home).toContain('href="/beheer/history/differences"');
    expect(home).toContain("You have no API tokens.");
    expect(home).not.toContain("have expired");
    site.clock.nowMs = start + 15 * 86_400_000;
    const later = (await (await site.signedIn("root")).get("/")).text;
    expect(later).toContain('<a href="/beheer/tokens?expiring=30">1 API token expires within 30 days</a>');
    expect(later).toContain('<a href="/beheer/tokens?state=expired">1 API token has expired</a>');
  });

  it("counts for people without the right their own tokens alone, and names no others", async () => {
    const site = await makeSite(resources());
    const jan = (await (await site.signedIn("jan")).get("/")).text;
    expect(jan).toContain("1 API token expires within 30 days");
    expect(jan).toContain("van-jan");
    expect(jan).not.toContain("van-piet");
    expect(jan).toContain('href="/beheer/tokens?user=jan"');
    expect(jan).toContain("taken.view_taak");
    expect(jan).not.toContain("/history/differences");
    const piet = (await (await site.signedIn("piet")).get("/")).text;
    expect(piet).toContain("2 API tokens expire within 30 days");
    expect(piet).not.toContain("van-jan");
  });

  it("tells superusers where nobody could sign in while the provider is down", async () => {
    const site = await makeSite([person("reserve")]);
    const browser = await site.signedIn("root");
    expect((await browser.get("/")).text).toContain("Nothing needs attention right now.");
    await site.apply(providerOf({ issuer: "https://idp.example" }), adminClient());
    expect((await browser.get("/")).text).not.toContain("no superuser with a password");
    // Both signed in at the provider meanwhile, so that their passwords count no more.
    const links = { issuer: "https://idp.example", subject: "s-reserve" };
    await site.database.kysely.updateTable("users").set(links).where("username", "=", "reserve").execute();
    expect((await browser.get("/")).text).not.toContain("no superuser with a password");
    await site.database.kysely.updateTable("users").set({ is_superuser: 0 }).where("username", "=", "root").execute();
    await site.database.kysely
      .updateTable("users")
      .set({ claim_superuser: 1, is_superuser: 1 })
      .where("username", "=", "root")
      .execute();
    expect((await browser.get("/")).text).toContain("no superuser with a password");
  });
});
