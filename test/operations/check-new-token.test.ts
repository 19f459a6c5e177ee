import { describe, expect, it } from "vitest";
import { checkNewToken } from "../../src/operations/create-token.js";
import type { NewToken } from "../../src/operations/outcome.js";

const nowMs = Date.UTC(2030, 0, 1);

function check(more: Partial<NewToken>) {
  const good = {
    userId: "1",
    identifier: "a",
    contactPerson: "Jan",
    email: "jan@gemeente.example",
    actor: "login:jan",
  };
  return checkNewToken({ ...good, ...more }, nowMs);
}

const labels = (count: number) => Array.from({ length: count }, () => "a".repeat(60)).join(".");

describe("the request for a token", () => {
  it.each([
    ["identifier", "", "a", "expected 1 to 50 letters, digits, hyphens and underscores"],
    ["identifier", "a".repeat(51), "a".repeat(50), "expected 1 to 50 letters"],
    ["identifier", "met spatie", "zonder_spatie-1", "expected 1 to 50 letters"],
    ["identifier", "../../tokens", "tokens", "expected 1 to 50 letters"],
    ["contactPerson", "", "J", "expected 1 to 200 visible characters"],
    ["contactPerson", "a".repeat(201), "a".repeat(200), "expected 1 to 200 visible characters"],
    ["contactPerson", "Jan\u202ednoob", "Jan noob", "expected 1 to 200 visible characters"],
    ["email", "jan", "jan@gemeente.example", "expected an e-mail address"],
    ["email", `jan@${labels(5)}.nl`, `jan@${labels(3)}.nl`, "expected an e-mail address"],
    ["organization", "a".repeat(201), "a".repeat(200), "expected at most 200 visible characters"],
    ["application", "\0", "", "expected at most 200 visible characters"],
    ["administration", "regel\nregel", "regel", "expected at most 200 visible characters"],
    ["permissions", ["geen punt"], ["taken.view_externetaak"], "expected permissions such as"],
    ["permissions", [`a.${"b".repeat(254)}`], [`a.${"b".repeat(253)}`], "expected permissions such as"],
    ["expiresAt", new Date("onzin"), undefined, "expected a date and time before the year 10000"],
    ["expiresAt", new Date("+010000-01-01T00:00:00Z"), new Date("9999-01-01T00:00:00Z"), "expected a date"],
  ] as const)("with a bad %s is rejected, and with a good one accepted (%#)", (field, bad, good, message) => {
    expect(check({ [field]: bad })).toEqual([
      { code: "invalid_value", field, message: expect.stringContaining(message) },
    ]);
    expect(check({ [field]: good })).toEqual([]);
  });

  it("with a time that has passed is rejected, and accepted with the next millisecond", () => {
    const fault = { code: "in_the_past", field: "expiresAt", message: "expected a time in the future" };
    expect(check({ expiresAt: new Date(nowMs) })).toEqual([fault]);
    expect(check({ expiresAt: new Date(nowMs + 1) })).toEqual([]);
  });
});
