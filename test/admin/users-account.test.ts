import { describe, expect, it } from "vitest";
import { lastChange, staff, userRow } from "./people.js";
import { makeSite, type Site } from "./site.js";

const current = "het wachtwoord van deze tests 4711";
const next = "een heel ander wachtwoord";

async function signInStatus(site: Site, username: string, password: string): Promise<number> {
  const browser = site.browser();
  await browser.get("/sign-in");
  return (await browser.post("/sign-in/password", { username, password })).status;
}

describe("a person's own account", () => {
  it("shows the own sessions, and ends them all, for people without any right", async () => {
    const site = await makeSite([staff("carla", [])]);
    const [one, other, root] = [
      await site.signedIn("carla"),
      await site.signedIn("carla"),
      await site.signedIn("root"),
    ];
    const page = await one.get("/account");
    expect([...page.text.matchAll(/<th scope="row">/g)]).toHaveLength(2);
    expect(await one.post("/account/end-sessions")).toMatchObject({ status: 303, location: "/signed-out" });
    expect((await one.get("/")).status).toBe(303);
    expect((await other.get("/")).status).toBe(303);
    expect((await root.get("/")).status).toBe(200);
    expect(await lastChange(site)).toMatchObject({ actor: "login:carla", key: "carla" });
  });

  it("gets another password with the current one, which ends every session", async () => {
    const site = await makeSite([staff("carla", [])]);
    const carla = await site.signedIn("carla");
    const before = await userRow(site, "carla");
    for (const [field, fields] of [
      ["secret", { password: next }],
      ["password", { secret: current }],
      ["secret", { secret: "een verkeerd wachtwoord", password: next }],
      ["password", { secret: current, password: "kort" }],
    ] as const) {
      const refused = await carla.post("/account/password", fields);
      expect([fields, refused.status]).toEqual([fields, 422]);
      expect(refused.text).toContain(`href="#${field}"`);
      for (const typed of [current, next, "verkeerd", "kort"]) expect(refused.text).not.toContain(typed);
    }
    expect(await userRow(site, "carla")).toEqual(before);
    expect(await carla.post("/account/password", { secret: current, password: next })).toMatchObject({ status: 303 });
    expect((await carla.get("/")).status).toBe(303);
    expect(await signInStatus(site, "carla", current)).toBe(403);
    expect(await signInStatus(site, "carla", next)).toBe(303);
  });

  it("lets nobody guess the current password", async () => {
    const site = await makeSite([staff("carla", [])]);
    const carla = await site.signedIn("carla");
    const guess = (secret: string) => carla.post("/account/password", { secret, password: next });
    for (let attempt = 1; attempt <= 5; attempt += 1) expect((await guess("verkeerd geraden")).status).toBe(422);
    expect((await guess(current)).status).toBe(429);
    expect(await signInStatus(site, "carla", current)).toBe(303);
    site.clock.nowMs += 5 * 60_000;
    expect((await guess(current)).status).toBe(303);
  });
});
