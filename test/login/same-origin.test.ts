import { beforeAll, describe, expect, it } from "vitest";
import { createSameOriginCheck } from "../../src/login/same-origin.js";
import { makeKey, type TestKey } from "../verifier/bearer/issuer.js";
import { openBrowser } from "./browser.js";
import { makeWorld } from "./world.js";

const origin = "https://beheer.example.nl";
const isSameOrigin = createSameOriginCheck(origin);

describe("S83 a request that changes something", () => {
  it.each([
    { origin },
    { origin, "sec-fetch-site": "same-origin" },
    { "sec-fetch-site": "same-origin" },
    { origin: "null", "sec-fetch-site": "same-origin" },
  ])("may come with %j", (headers) => {
    expect(isSameOrigin(headers)).toBe(true);
    expect(isSameOrigin(new Headers(headers as Record<string, string>))).toBe(true);
  });

  it.each([
    {},
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: "" },
    { origin: `${origin}.evil.example` },
    { origin: "http://beheer.example.nl" },
    { origin: `${origin}:8443` },
    { origin: "https://evil.example", "sec-fetch-site": "same-origin" },
    { origin: "null", "sec-fetch-site": "cross-site" },
    { origin, "sec-fetch-site": "cross-site" },
    { origin, "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "none" },
    { referer: `${origin}/form` },
    { origin: [origin, "https://evil.example"] },
  ])("may not come with %j", (headers) => {
    expect(isSameOrigin(headers)).toBe(false);
  });
});

describe("S83 a form's token", () => {
  let key: TestKey;
  beforeAll(async () => {
    key = await makeKey("RS256");
  });

  it("is that of the session, and of no other", async () => {
    const { login, signIn } = await makeWorld(key);
    const [one, other] = [openBrowser(), openBrowser()];
    await signIn(one);
    await signIn(other);
    const [session, second] = [await login.session(one.header()), await login.session(other.header())];
    if (!session || !second) throw new Error("expected two sessions");
    expect(login.checkCsrf(session, session.csrfToken)).toBe(true);
    for (const submitted of [second.csrfToken, "", undefined, null, [session.csrfToken], `${session.csrfToken} `]) {
      expect(login.checkCsrf(session, submitted)).toBe(false);
    }
  });
});
