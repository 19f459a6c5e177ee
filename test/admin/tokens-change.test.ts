import { describe, expect, it } from "vitest";
import { verify } from "../operations/tokens-world.js";
import { token, tokenValue } from "../verifier/verifier-world.js";
import { makeSite, person, type Site } from "./site.js";
import { at, newValueOn, staff, tokenRow } from "./tokens-world.js";

const view = "taken.view_externetaak";

const people = [
  staff("changer", ["change_tokens"], [view]),
  staff("revoker", ["revoke_tokens"], [view]),
  staff("viewer", ["view_tokens"]),
  staff("jan", [], [view]),
  staff("piet", []),
];
const tokens = [
  token("zaken", `${tokenValue}0`, { application: "Zaken" }),
  token("jans", `${tokenValue}1`, { user: "jan", permissions: [view] }),
  token("taken", `${tokenValue}2`),
  token("roots", `${tokenValue}3`, { user: "root", permissions: null }),
];

async function makeChangesSite(): Promise<Site> {
  return await makeSite([...people, ...tokens]);
}

async function revokedNames(site: Site): Promise<readonly string[]> {
  const rows = await site.database.kysely.selectFrom("api_token_revoked").selectAll().orderBy("identifier").execute();
  return rows.map(({ identifier, revoked_by, reason }) => `${identifier} ${revoked_by} ${reason}`);
}

describe("revoking tokens", () => {
  it("asks first, says what will stop working, needs a reason, and is for good", async () => {
    const site = await makeChangesSite();
    const used = { last_used_at: at(-0.5) };
    await site.database.kysely.updateTable("api_tokens").set(used).where("identifier", "=", "zaken").execute();
    const browser = await site.signedIn("revoker");
    const asked = await browser.get("/tokens/revoke?name=zaken");
    expect(asked.text).toContain("Programs that use the token zaken get no access any more.");
    expect(asked.text).toContain("this token was used in the last 24 hours");
    expect(asked.text).toContain("Change the file, too.");
    expect(await revokedNames(site)).toEqual([]);
    const unsure = await browser.post("/tokens/revoke", { name: "zaken" });
    expect(unsure.status).toBe(422);
    expect(unsure.text).toContain("Choose a reason.");
    expect(await browser.post("/tokens/revoke", { name: "zaken", reason: "leaked" })).toMatchObject({
      status: 303,
      location: "/tokens/zaken?done=revoked",
    });
    expect(await revokedNames(site)).toEqual(["zaken login:revoker leaked"]);
    const { text } = await browser.get("/tokens/zaken?done=revoked");
    expect(text).toContain("Revoked. What is revoked never works again.");
    expect(text).toContain("The value leaked");
    const authenticate = await verify(site.url, () => site.clock.nowMs);
    expect((await authenticate(`${tokenValue}0`)).kind).toBe("rejected");
    expect((await authenticate(`${tokenValue}2`)).kind).toBe("authenticated");
  });

  it("takes many at once, from the list, or none of them", async () => {
    const site = await makeChangesSite();
    const browser = await site.signedIn("revoker");
    const asked = await browser.get("/tokens/revoke?name=zaken&name=taken");
    expect(asked.text).toContain("<h1>Revoke 2 tokens</h1>");
    expect(asked.text).toContain('<input type="hidden" name="name" value="taken">');
    const gone = await browser.post("/tokens/revoke", { name: ["zaken", "gone"], reason: "unused" });
    expect(gone.status).toBe(422);
    const above = await browser.post("/tokens/revoke", { name: ["zaken", "roots"], reason: "unused" });
    expect(above.status).toBe(403);
    expect(await revokedNames(site)).toEqual([]);
    const done = await browser.post("/tokens/revoke", { name: ["zaken", "taken"], reason: "unused" });
    expect(done.location).toBe("/tokens?done=revoked");
    expect(await revokedNames(site)).toEqual(["taken login:revoker unused", "zaken login:revoker unused"]);
    expect((await browser.get("/tokens?done=revoked")).text).toContain("What is revoked never works again.");
    expect(await browser.get("/tokens/revoke")).toMatchObject({ status: 303, location: "/tokens?done=none-chosen" });
  });

  it("needs the right to, but for one's own token", async () => {
    const site = await makeChangesSite();
    const viewer = await site.signedIn("viewer");
    expect((await viewer.get("/tokens/revoke?name=zaken")).status).toBe(403);
    expect((await viewer.post("/tokens/revoke", { name: "zaken", reason: "other" })).status).toBe(403);
    const piet = await site.signedIn("piet");
    expect((await piet.get("/tokens/revoke?name=jans")).status).toBe(404);
    expect((await piet.post("/tokens/revoke", { name: "jans", reason: "other" })).status).toBe(404);
    const jan = await site.signedIn("jan");
    await jan.get("/tokens/revoke?name=jans");
    expect((await jan.post("/tokens/revoke", { name: "jans", reason: "other" })).status).toBe(303);
    expect(await revokedNames(site)).toEqual(["jans login:jan other"]);
  });
});

describe("disabling a token", () => {
  it("also works on what a file manages, and enabling needs a right that its user does not have", async () => {
    const site = await makeChangesSite();
    const jan = await site.signedIn("jan");
    expect((await jan.get("/tokens/jans/disable")).text).toContain("This will stop working");
    expect((await jan.post("/tokens/jans/disable")).location).toBe("/tokens/jans?done=disabled");
    expect((await jan.get("/tokens/jans?done=disabled")).text).toContain("Change the file, too.");
    expect(await tokenRow(site, "jans")).toMatchObject({ disabled_by: "login:jan" });
    expect((await jan.get("/tokens/jans/enable")).status).toBe(403);
    expect((await jan.post("/tokens/jans/enable")).status).toBe(403);
    const revoker = await site.signedIn("revoker");
    await revoker.get("/tokens/jans");
    expect((await revoker.post("/tokens/jans/enable")).status).toBe(403);
    const changer = await site.signedIn("changer");
    expect((await changer.get("/tokens/jans/enable")).status).toBe(200);
    expect((await changer.post("/tokens/jans/enable")).location).toBe("/tokens/jans?done=enabled");
    expect(await tokenRow(site, "jans")).toMatchObject({ disabled_at: null });
  });

  it("is refused for a token of an account that may more, and to people without the right", async () => {
    const site = await makeChangesSite();
    const revoker = await site.signedIn("revoker");
    await revoker.get("/tokens/roots/disable");
    expect((await revoker.post("/tokens/roots/disable")).status).toBe(403);
    const viewer = await site.signedIn("viewer");
    expect((await viewer.get("/tokens/zaken/disable")).status).toBe(403);
    expect((await viewer.post("/tokens/zaken/disable")).status).toBe(403);
    expect(await tokenRow(site, "roots")).toMatchObject({ disabled_at: null });
    expect((await revoker.post("/tokens/zaken/disable")).status).toBe(303);
  });
});

describe("a new value for a token", () => {
  const form = { for: "self", identifier: "eigen", scope: "listed", permissions: view, expires: "90" };
  const own = { ...form, contactPerson: "Jan", email: "jan@gemeente.example" };

  it("is shown once, and the old one works as long as was chosen", async () => {
    const site = await makeChangesSite();
    const jan = await site.signedIn("jan");
    await jan.get("/tokens/new");
    const old = await newValueOn(site, "eigen", (await jan.post("/tokens/new", own)).text);
    site.clock.nowMs += 3_600_000 / 3;
    const asked = await jan.get("/tokens/eigen/rotate");
    expect(asked.text).toContain("until 2 March 2026 at 13:20 CET");
    expect((await jan.post("/tokens/eigen/rotate", { overlap: "60" })).status).toBe(422);
    const rotated = await jan.post("/tokens/eigen/rotate", { overlap: "86400" });
    const value = await newValueOn(site, "eigen", rotated.text);
    expect(rotated.text.split(value)).toHaveLength(2);
    expect(rotated.text).not.toContain(old);
    expect((await jan.get("/tokens/eigen")).text).toContain("A replaced value, valid until");
    const authenticate = await verify(site.url, () => site.clock.nowMs);
    expect((await authenticate(old)).kind).toBe("authenticated");
    expect((await authenticate(value)).kind).toBe("authenticated");
    site.clock.nowMs += 86_400_001;
    expect((await authenticate(old)).kind).toBe("rejected");
    expect((await authenticate(value)).kind).toBe("authenticated");
  });

  it("stops the old one at once where that was chosen", async () => {
    const site = await makeChangesSite();
    const jan = await site.signedIn("jan");
    await jan.get("/tokens/new");
    const old = await newValueOn(site, "eigen", (await jan.post("/tokens/new", own)).text);
    const value = await newValueOn(site, "eigen", (await jan.post("/tokens/eigen/rotate", { overlap: "0" })).text);
    const authenticate = await verify(site.url, () => site.clock.nowMs);
    expect((await authenticate(old)).kind).toBe("rejected");
    expect((await authenticate(value)).kind).toBe("authenticated");
  });

  it("needs the right and a recent sign-in for somebody else's token, and is refused where a file has the value", async () => {
    const site = await makeChangesSite();
    const jan = await site.signedIn("jan");
    await jan.get("/tokens/new");
    await jan.post("/tokens/new", own);
    const { digest } = (await tokenRow(site, "eigen")) ?? {};
    const revoker = await site.signedIn("revoker");
    expect((await revoker.get("/tokens/eigen/rotate")).status).toBe(403);
    expect((await revoker.post("/tokens/eigen/rotate", { overlap: "0" })).status).toBe(403);
    const changer = await site.signedIn("changer");
    expect((await changer.get("/tokens/eigen/rotate")).status).toBe(200);
    const managed = await changer.post("/tokens/zaken/rotate", { overlap: "0" });
    expect(managed.status).toBe(403);
    expect(managed.text).toContain("This is in a file and can&#39;t be changed here");
    expect(managed.text).toContain("test.yaml");
    site.clock.nowMs += 3_600_000 / 3;
    expect((await changer.get("/tokens/eigen/rotate")).text).toContain("Sign in again");
    expect((await changer.post("/tokens/eigen/rotate", { overlap: "0" })).status).toBe(403);
    expect((await tokenRow(site, "eigen"))?.digest).toBe(digest);
    const fresh = await site.signedIn("changer");
    await fresh.get("/tokens");
    expect((await fresh.post("/tokens/eigen/rotate", { overlap: "0" })).status).toBe(200);
  });

  it("of a token that may all of somebody else is for superusers", async () => {
    const site = await makeSite([...people, person("els", { is_superuser: false, permissions: [view] })]);
    const els = await site.signedIn("els");
    await els.get("/tokens/new");
    await els.post("/tokens/new", { ...own, scope: "all" });
    const changer = await site.signedIn("changer");
    await changer.get("/tokens");
    const refused = await changer.post("/tokens/eigen/rotate", { overlap: "0" });
    expect(refused.status).toBe(422);
    expect(refused.text).toContain("Only that user or a superuser");
    const root = await site.signedIn("root");
    await root.get("/tokens");
    expect((await root.post("/tokens/eigen/rotate", { overlap: "0" })).status).toBe(200);
  });
});
