import { describe, expect, it } from "vitest";
import { isEmail } from "../../src/users/names.js";
import { cpuMsOf } from "../support/cpu-time.js";

describe("isEmail", () => {
  it.each([
    "person-1@example.com",
    "a@localhost",
    '"quoted\\ local"@example.nl',
    "a@[127.0.0.1]",
    "a@[::1]",
    "a@münchen.de",
    "first.last+tag@sub.example.nl",
    "a@xn--mnchen-3ya.de",
    "a@example.verylongtoplevel",
  ])("A8.54 takes %s", (text) => {
    expect(isEmail(text)).toBe(true);
  });

  it.each([
    "",
    "invalid",
    "a@b",
    "a@b.c",
    "é@example.nl",
    " a@example.nl",
    "a@example.nl ",
    "a@example.nl\n",
    "@example.nl",
    "a@",
    "a@@example.nl",
    "a..b@example.nl",
    ".a@example.nl",
    "a b@example.nl",
    '"a b"@example.nl',
    "a@-example.nl",
    "a@example-.nl",
    "a@example.n-",
    "a@[127.0.0.256]",
    "a@mün chen.de",
    "a@mün%2echen.de",
    "a@exa_mple.nl",
  ])("A8.54 refuses %j", (text) => {
    expect(isEmail(text)).toBe(false);
  });

  it("answers at once for a long text", () => {
    const work = () => {
      expect(isEmail(`${"a.".repeat(50_000)}@`)).toBe(false);
      expect(isEmail(`a@${"a-".repeat(50_000)}`)).toBe(false);
    };
    expect(cpuMsOf(work)).toBeLessThan(1000);
  });
});
