import { describe, expect, it } from "vitest";
import type { LoginOptions } from "../../src/login/settings.js";
import { readSettings } from "../../src/login/settings.js";
import { redirectUri, sessionSecret } from "./world.js";

const good: LoginOptions = { database: "", redirectUri, sessionSecret };

describe("a login's options", () => {
  it("have safe defaults", () => {
    expect(readSettings(good)).toMatchObject({
      client: "admin-oidc",
      requireStaff: true,
      isSecure: true,
      reservedGroups: [],
      idleTimeoutMs: 1_800_000,
      lifetimeMs: 43_200_000,
    });
  });

  it.each(["http://localhost:3000/cb", "http://127.0.0.1/cb", "http://[::1]:8080/cb"])(
    "may name %s, on this machine, where cookies can't be kept to https",
    (uri) => {
      expect(readSettings({ ...good, redirectUri: uri })).toMatchObject({ redirectUri: uri, isSecure: false });
    },
  );

  it.each(["http://beheer.example.nl/cb", "/cb", "", "ftp://a/b", "https://u:p@a.nl/cb", "https://a.nl/cb#x"])(
    "may not have %j as redirectUri or postLogoutRedirectUri",
    (uri) => {
      expect(() => readSettings({ ...good, redirectUri: uri })).toThrow(TypeError);
      expect(() => readSettings({ ...good, postLogoutRedirectUri: uri })).toThrow(/^postLogoutRedirectUri must be/);
    },
  );

  it("need a secret of 32 characters that is hard to guess, which no message shows", () => {
    expect(() => readSettings({ ...good, sessionSecret: sessionSecret.slice(0, 32) })).not.toThrow();
    const short = sessionSecret.slice(0, 31);
    expect(() => readSettings({ ...good, sessionSecret: short })).toThrow("must have at least 32 characters");
    expect(() => readSettings({ ...good, sessionSecret: short })).not.toThrow(short);
    expect(() => readSettings({ ...good, sessionSecret: "a".repeat(64) })).toThrow("easy to guess");
  });

  it.each([0, -1, 59_999, Number.NaN, Number.POSITIVE_INFINITY])("may not have a time of %d ms", (timeMs) => {
    expect(() => readSettings({ ...good, idleTimeoutMs: timeMs })).toThrow(RangeError);
    expect(() => readSettings({ ...good, lifetimeMs: timeMs })).toThrow("lifetimeMs must be from 1 minute to 400 days");
  });

  it.each([-1, 301, Number.NaN])("F64: may not have a leeway of %d seconds", (leewaySeconds) => {
    expect(() => readSettings({ ...good, leewaySeconds })).toThrow("leewaySeconds must be from 0 to 300");
  });

  it("F64: have a leeway of 30 seconds by default, and accept 0 to 300", () => {
    expect(readSettings(good).leewaySeconds).toBe(30);
    for (const leewaySeconds of [0, 300])
      expect(readSettings({ ...good, leewaySeconds })).toMatchObject({ leewaySeconds });
  });

  it("have the cookie name vtb by default, and accept others that fit into a cookie's name", () => {
    expect(readSettings(good)).toMatchObject({ cookieName: "vtb", language: "nl" });
    for (const cookieName of ["beheer", "vtb-admin", "a1", "a".repeat(32)])
      expect(readSettings({ ...good, cookieName })).toMatchObject({ cookieName });
  });

  it.each(["", "a".repeat(33), "Vtb", "a b", "a;b", "a=b", "-a", "a-", "a--b", "__Host-a", "é"])(
    "may not have the cookie name %j",
    (cookieName) => expect(() => readSettings({ ...good, cookieName })).toThrow("cookieName must have"),
  );

  it("may not have a language without texts", () => {
    expect(() => readSettings({ ...good, language: "fr" as "nl" })).toThrow("language must be `nl` or `en`");
  });
});
