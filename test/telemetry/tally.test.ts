import { describe, expect, it } from "vitest";
import { createBounded, createTally } from "../../src/telemetry/tally.js";

describe("the values of an attribute", () => {
  it("are at most 128 distinct ones, of which the first stay", () => {
    const bounded = createBounded();
    const shown = new Set(Array.from({ length: 100_000 }, (_, index) => bounded(`reason_${index}`)));
    expect(shown.size).toBe(129);
    expect([bounded("reason_0"), bounded("reason_127"), bounded("reason_128")]).toEqual([
      "reason_0",
      "reason_127",
      "_OTHER",
    ]);
  });

  it("are short and plain, as reasons, hosts and issuers are", () => {
    const bounded = createBounded();
    const odd = ["", "two words", 'quote"', "line\nbreak", "é", "x".repeat(256)];
    expect(odd.map(bounded)).toEqual(odd.map(() => "_OTHER"));
    const plain = ["unknown_token", "login.example.nl", "[::1]", "x".repeat(255)];
    expect(plain.map(bounded)).toEqual(plain);
  });
});

describe("a tally", () => {
  it("counts by attributes, whichever way", () => {
    const tally = createTally();
    const cell = tally.cell({ a: "1" });
    cell.count += 2;
    tally.add({ a: "1" });
    tally.add({ a: "2" });
    expect([...tally.cells()]).toEqual([
      { count: 3, attributes: { a: "1" } },
      { count: 1, attributes: { a: "2" } },
    ]);
  });
});
