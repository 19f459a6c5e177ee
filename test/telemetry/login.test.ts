import { beforeAll, describe, expect, it } from "vitest";
import { openBrowser } from "../login/browser.js";
import { localUser, makeWorld, password, sessionSecret } from "../login/world.js";
import { makeKey, type TestKey } from "../verifier/bearer/issuer.js";
import { startScraped } from "./scrape.js";

let key: TestKey;
beforeAll(async () => {
  key = await makeKey("RS256");
});

describe("metrics of a login", () => {
  it("count sign-ins by outcome and way, ended sessions, and requests to the provider", async () => {
    const { telemetry, values, text } = await startScraped();
    const resources = [localUser("noodgeval", password("a-password-for-emergencies"))];
    const { login, signIn } = await makeWorld(key, { login: { telemetry }, resources });
    const browser = openBrowser();
    expect((await signIn(browser)).kind).toBe("signed_in");
    await login.logout(browser.header());
    await signIn(openBrowser());
    await login.finish("/oidc/callback?code=a&state=b", undefined);
    const byPassword = (text: string) => login.signInWithPassword({ username: "noodgeval", password: text }, undefined);
    expect((await byPassword("a-password-for-emergencies")).kind).toBe("signed_in");
    await byPassword("a-wrong-one");
    const signIns = await values(
      "vtb_setup_login_sign_ins_total",
      "vtb_setup_outcome",
      "vtb_setup_sign_in_method",
      "error_type",
    );
    expect(signIns).toEqual({
      "signed_in provider": 2,
      "signed_in password": 1,
      "refused unknown_state": 1,
      "refused wrong_password": 1,
    });
    expect(await values("vtb_setup_login_starts_total")).toEqual({ "": 2 });
    expect(await values("vtb_setup_login_sessions_ended_total", "vtb_setup_reason")).toEqual({ logout: 1 });
    const requests = await values(
      "vtb_setup_provider_request_duration_count",
      "vtb_setup_component",
      "vtb_setup_provider_endpoint",
      "http_request_method",
    );
    expect(requests).toEqual({ "login token POST": 2, "login keys GET": 1 });
    expect(await values("vtb_setup_ready", "vtb_setup_component")).toEqual({ login: 1 });
    const scraped = await text();
    for (const secret of [sessionSecret, "a-password-for-emergencies", "a-wrong-one"])
      expect(scraped).not.toContain(secret);
    await login.close();
    expect(await values("vtb_setup_ready", "vtb_setup_component")).toEqual({ login: Number.NaN });
  });
});
