import fc from "fast-check";
import { expect, it } from "vitest";
import { nearlyYaml, readBothWays } from "../yaml/agreement.js";

it("the simple reader and the full parser agree on 100,000 texts", { timeout: 1_200_000 }, () => {
  let read = 0;
  const property = fc.property(nearlyYaml, (text) => {
    const verdict = readBothWays(text);
    if (verdict.kind === "left") return;
    read += 1;
    expect(verdict.simple, JSON.stringify(text)).toBe(verdict.full);
  });
  fc.assert(property, { numRuns: 100_000 });
  expect(read).toBeGreaterThan(10_000);
});
