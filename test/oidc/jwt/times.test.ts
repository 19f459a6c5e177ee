import { describe, expect, it } from "vitest";
import { checkTimes, readAudience } from "../../../src/oidc/jwt/claims.js";

const exp = 1_800_000_000;
const at = (seconds: number, claims: object, leeway = 30) => checkTimes({ exp, ...claims }, seconds * 1000, leeway);

describe("the times of a token", () => {
  it("S27 S29 end it at exp and 30 seconds, not a moment before", () => {
    expect([exp - 1, exp, exp + 29, exp + 29.999, exp + 30, exp + 31].map((now) => at(now, {}))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      "expired",
      "expired",
    ]);
    expect(at(exp - 0.001, {}, 0)).toBeUndefined();
    expect(at(exp, {}, 0)).toBe("expired");
  });

  it.each([
    [undefined],
    ["1800000000"],
    [Number.NaN],
    [1e308],
    [Number.POSITIVE_INFINITY],
    [-1],
    [true],
    [null],
    [[exp]],
  ])("S27 are refused with an exp of %s", (odd) => {
    expect(at(0, { exp: odd })).toBe("malformed_time");
    expect(at(0, { exp: 1 })).toBeUndefined();
  });

  it("S28 begin it at nbf, 30 seconds early", () => {
    const nbf = exp - 1000;
    expect([nbf - 31, nbf - 30, nbf].map((now) => at(now, { nbf }))).toEqual(["not_yet_valid", undefined, undefined]);
    expect(at(nbf, { nbf: String(nbf) })).toBe("malformed_time");
  });

  it("S28 refuse an iat that is more than 30 seconds in the future", () => {
    const iat = exp - 1000;
    expect([iat - 31, iat - 30, iat].map((now) => at(now, { iat }))).toEqual([
      "issued_in_future",
      undefined,
      undefined,
    ]);
    expect(at(iat, { iat: "now" })).toBe("malformed_time");
  });

  it("S28 end it at its greatest age and 30 seconds, for which it must have `iat`", () => {
    const iat = exp - 1000;
    const aged = (now: number, claims: object = { iat }) => checkTimes({ exp, ...claims }, now * 1000, 30, 60);
    expect([iat + 60, iat + 89, iat + 89.999, iat + 90].map((now) => aged(now))).toEqual([
      undefined,
      undefined,
      undefined,
      "too_old",
    ]);
    expect(aged(iat, {})).toBe("malformed_time");
    expect(aged(iat, { iat: 0 })).toBe("too_old");
  });

  it("S27 are seconds that a date can have", () => {
    expect(at(0, { exp: 8.64e12 })).toBeUndefined();
    expect(at(0, { exp: 8.64e12 + 1 })).toBe("malformed_time");
    expect(at(exp, { iat: 0, nbf: 0 })).toBeUndefined();
  });
});

describe("an audience", () => {
  it("S25 is a text or a list of texts", () => {
    expect(readAudience({ aud: "a" })).toEqual(["a"]);
    expect(readAudience({ aud: ["a", "b"] })).toEqual(["a", "b"]);
    expect(readAudience({})).toEqual([]);
    expect(readAudience({ aud: [] })).toEqual([]);
    for (const aud of [{}, 1, null, ["a", 1], [["a"]]]) expect(readAudience({ aud })).toBeUndefined();
  });
});
