import { describe, expect, it } from "vitest";
import type { Resource } from "../../src/plan/resource.js";
import { verify } from "../operations/tokens-world.js";
import { resource } from "../support/run.js";
import { token, tokenValue } from "../verifier/verifier-world.js";
import { makeSite, person, start } from "./site.js";
import { at, newValueOn, staff, tokenRow } from "./tokens-world.js";

const view = "taken.view_externetaak";
const add = "taken.add_externetaak";
const hourMs = 3_600_000;

const people = [
  staff("maker", ["change_tokens"], [view]),
  staff("jan", [], [view], { first_name: "Jan", last_name: "de Vries", email: "jan@gemeente.example" }),
  person("rijk", { is_superuser: false, is_staff: false, permissions: [add, view] }),
];

/** What a form has at least. */
const fields = {
  for: "self",
  identifier: "koppeling",
  scope: "listed",
  permissions: view,
  expires: "90",
  contactPerson: "Functioneel beheer",
  email: "beheer@gemeente.example",
};

/** What the files of the owner of these tests demand of tokens. */
function policy(more: { readonly days?: number; readonly requiresExpiry?: boolean }): Resource {
  return resource("policy", "default", {
    require_expiry: more.requiresExpiry ?? false,
    max_lifetime_seconds: more.days === undefined ? null : more.days * 86_400,
    warn_before_seconds: null,
    unused_after_seconds: null,
  });
}

describe("a new token", () => {
  it("is shown once, where nothing keeps it, and works", async () => {
    const site = await makeSite(people);
    const browser = await site.signedIn("jan");
    const form = await browser.get("/tokens/new");
    expect(form.text).toContain('value="Jan de Vries"');
    expect(form.text).toContain('value="jan@gemeente.example"');
    expect(form.text).toContain("until 30 May 2026 at 23:59 CEST");
    const made = await browser.post("/tokens/new", fields);
    expect(made.status).toBe(200);
    expect(made.headers.get("cache-control")).toBe("no-store");
    const value = await newValueOn(site, "koppeling", made.text);
    expect(made.text.split(value)).toHaveLength(2);
    expect(made.text).not.toContain(`value="${value}"`);
    expect(made.text).toContain("Authorization: Token VALUE");
    expect(made.text).toContain("30 May 2026 at 23:59\u00a0CEST");
    expect(await tokenRow(site, "koppeling")).toMatchObject({
      username: "jan",
      permissions: JSON.stringify([view]),
      expires_at: "2026-05-30T21:59:59.000Z",
    });
    const authenticate = await verify(site.url, () => site.clock.nowMs);
    expect(await authenticate(value)).toMatchObject({ kind: "authenticated" });
    expect((await browser.get("/tokens/koppeling")).text).not.toContain(value);
    const { text } = await browser.get("/tokens/koppeling");
    expect(text).toContain("login:jan (through admin)");
  });

  it("keeps what was typed where something is wrong, and says what, at the field", async () => {
    const site = await makeSite([...people, token("bezet", tokenValue)]);
    const browser = await site.signedIn("jan");
    await browser.get("/tokens/new");
    const wrong = { ...fields, identifier: "met spatie", email: "geen adres", description: "voor Zaken" };
    const refused = await browser.post("/tokens/new", wrong);
    expect(refused.status).toBe(422);
    expect(refused.text).toContain("<title>Error: Make a new token");
    expect(refused.text).toContain('<a href="#identifier">');
    expect(refused.text).toContain('<span class="error" id="email-error">');
    expect(refused.text).toContain('value="voor Zaken"');
    const several = await browser.post("/tokens/new", { ...wrong, permissions: [], expires: "" });
    for (const field of ["identifier", "email", "permissions", "expires"]) {
      expect(several.text).toContain(`<li><a href="#${field}">`);
    }
    expect(refused.text).toContain(`value="${view}" checked`);
    for (const [changed, error] of [
      [{ identifier: "bezet" }, "This name is taken."],
      [{ permissions: [] }, "Choose one or more permissions."],
      [{ scope: "" }, "Choose what the token may do."],
      [{ expires: "365000" }, "Choose how long the token works."],
      [{ expires: "date", date: "2026-02-30" }, "Fill in a date"],
      [{ expires: "date", date: "2026-02-01" }, "Choose a moment in the future."],
    ] as const) {
      const answer = await browser.post("/tokens/new", { ...fields, ...changed });
      expect([answer.status, answer.text]).toEqual([422, expect.stringContaining(error)]);
    }
    expect(await tokenRow(site, "koppeling")).toBeUndefined();
    expect((await browser.post("/tokens/new", { ...fields, expires: "date", date: "2026-03-01" })).status).toBe(200);
    expect((await tokenRow(site, "koppeling"))?.expires_at).toBe("2026-03-01T22:59:59.000Z");
  });

  it("may only have permissions that its maker has, or all of its user for oneself", async () => {
    const site = await makeSite(people);
    const browser = await site.signedIn("jan");
    expect((await browser.get("/tokens/new")).text).not.toContain(add);
    const refused = await browser.post("/tokens/new", { ...fields, permissions: [view, add] });
    expect(refused).toMatchObject({ status: 422 });
    expect(refused.text).toContain("Choose only permissions that you have yourself");
    expect((await browser.post("/tokens/new", { ...fields, more: add })).status).toBe(422);
    expect((await browser.post("/tokens/new", { ...fields, scope: "all" })).status).toBe(200);
    expect((await tokenRow(site, "koppeling"))?.permissions).toBeNull();
  });
});

describe("a token for somebody else", () => {
  it("needs the right to, also where the form is made up", async () => {
    const site = await makeSite(people);
    const jan = await site.signedIn("jan");
    expect((await jan.get("/tokens/new?for=user")).status).toBe(403);
    const forged = { ...fields, for: "user", username: "maker" };
    expect(await jan.post("/tokens/new", forged)).toMatchObject({ status: 403 });
    const maker = await site.signedIn("maker");
    expect((await maker.get("/tokens/new?for=user")).status).toBe(200);
    const { contactPerson: _, email: __, ...rest } = fields;
    expect((await maker.post("/tokens/new", { ...rest, for: "user", username: "jan" })).status).toBe(200);
    expect(await tokenRow(site, "koppeling")).toMatchObject({ username: "jan", contact_person: "Jan de Vries" });
  });

  it("can't be for an account that may more, nor everything that the user may but by a superuser", async () => {
    const site = await makeSite(people);
    const maker = await site.signedIn("maker");
    await maker.get("/tokens/new?for=user");
    const above = await maker.post("/tokens/new", { ...fields, for: "user", username: "rijk" });
    expect(above.status).toBe(403);
    expect(above.text).toContain("<li>rijk</li>");
    expect(above.text).toContain(`<li>${add}</li>`);
    const all = { ...fields, for: "user", username: "jan", scope: "all" };
    expect((await maker.post("/tokens/new", all)).text).toContain("Only for yourself, or as a superuser");
    expect((await maker.post("/tokens/new", { ...all, username: "nobody" })).status).toBe(422);
    expect((await maker.post("/tokens/new", { ...all, username: "no\0body", scope: "listed" })).status).toBe(422);
    expect(await tokenRow(site, "koppeling")).toBeUndefined();
    const root = await site.signedIn("root");
    await root.get("/tokens/new?for=user");
    expect((await root.post("/tokens/new", all)).status).toBe(200);
  });

  it("needs a recent sign-in at the form and when it is sent, and what was typed survives", async () => {
    const site = await makeSite(people);
    const maker = await site.signedIn("maker");
    await maker.get("/tokens/new?for=service_user");
    site.clock.nowMs += hourMs / 3;
    await maker.get("/tokens");
    expect((await maker.get("/tokens/new?for=service_user")).status).toBe(403);
    const stale = await maker.post("/tokens/new", { ...fields, for: "service_user" });
    expect(stale.status).toBe(403);
    expect(stale.text).toContain('<input type="hidden" name="identifier" value="koppeling">');
    expect(await tokenRow(site, "koppeling")).toBeUndefined();
    // For oneself, it needs none.
    expect((await maker.get("/tokens/new")).status).toBe(200);
    expect((await maker.post("/tokens/new", fields)).status).toBe(200);
  });

  it("can have a user of its own, named after it", async () => {
    const site = await makeSite(people);
    const maker = await site.signedIn("maker");
    await maker.get("/tokens/new?for=service_user");
    expect((await maker.post("/tokens/new", { ...fields, for: "service_user", identifier: "jan" })).status).toBe(422);
    const made = await maker.post("/tokens/new", { ...fields, for: "service_user" });
    const value = await newValueOn(site, "koppeling", made.text);
    expect(await tokenRow(site, "koppeling")).toMatchObject({ username: "koppeling", is_service: 1 });
    const authenticate = await verify(site.url, () => site.clock.nowMs);
    const outcome = await authenticate(value);
    expect(outcome.kind === "authenticated" && [...outcome.principal.permissions]).toEqual([view]);
  });

  it("is given any permission that is known by a superuser, and others that are typed", async () => {
    const site = await makeSite(people);
    const root = await site.signedIn("root");
    const { text } = await root.get("/tokens/new?for=service_user");
    for (const permission of [view, add, "vtb_setup.view_tokens"]) expect(text).toContain(`value="${permission}"`);
    expect(text).toContain("<legend>taken</legend>");
    const typed = { ...fields, for: "service_user", permissions: [add], more: "nieuw.mag_dit\nnieuw.mag_dat" };
    const made = await root.post("/tokens/new", typed);
    const value = await newValueOn(site, "koppeling", made.text);
    const outcome = await (await verify(site.url, () => site.clock.nowMs))(value);
    const expected = ["nieuw.mag_dat", "nieuw.mag_dit", add];
    expect(outcome.kind === "authenticated" && [...outcome.principal.permissions].sort()).toEqual(expected);
  });
});

describe("how long a new token works", () => {
  it("is chosen of what the policies allow, with the reason for what they don't", async () => {
    const site = await makeSite(people);
    const browser = await site.signedIn("jan");
    const offered = async () => {
      const { text } = await browser.get("/tokens/new");
      const values = [...text.matchAll(/name="expires" type="radio" value="(\w+)"( checked)?/g)];
      return { text, values: values.map(([, value, checked]) => `${value}${checked ?? ""}`) };
    };
    expect((await offered()).values).toEqual(["30", "90 checked", "365", "date", "none"]);
    await site.apply(policy({ requiresExpiry: true }));
    expect((await offered()).values).toEqual(["30", "90 checked", "365", "date"]);
    expect((await offered()).text).toContain("By the rules of default, every token must expire.");
    await site.apply(policy({ requiresExpiry: true, days: 60 }));
    expect((await offered()).values).toEqual(["30", "max checked", "date"]);
    expect((await offered()).text).toContain(
      "By the rules of default, a token that you make now can work until 30 April 2026 at 14:00",
    );
    expect((await browser.post("/tokens/new", { ...fields, expires: "none" })).status).toBe(422);
    expect((await browser.post("/tokens/new", { ...fields, expires: "90" })).status).toBe(422);
    const late = await browser.post("/tokens/new", { ...fields, expires: "date", date: "2026-05-01" });
    expect(late.text).toContain("Choose an earlier date");
    expect((await browser.post("/tokens/new", { ...fields, expires: "max" })).status).toBe(200);
    expect((await tokenRow(site, "koppeling"))?.expires_at).toBe(at(60));
    // The last day that is allowed ends when the policy says.
    const last = { ...fields, identifier: "tweede", expires: "date", date: "2026-04-30" };
    expect((await browser.post("/tokens/new", last)).status).toBe(200);
    expect((await tokenRow(site, "tweede"))?.expires_at).toBe(at(60));
  });

  it("never ends where nobody minds, and otherwise when the policy says", async () => {
    const site = await makeSite(people);
    const browser = await site.signedIn("jan");
    await browser.get("/tokens/new");
    const never = await browser.post("/tokens/new", { ...fields, expires: "none" });
    expect(never.text).toContain("The token does not expire.");
    await site.apply(policy({ days: 400 }));
    const limited = await browser.post("/tokens/new", { ...fields, identifier: "tweede", expires: "none" });
    expect(limited.text).not.toContain("The token does not expire.");
    expect(limited.text).toContain(new Date(start + 400 * 86_400_000).toISOString());
  });
});
