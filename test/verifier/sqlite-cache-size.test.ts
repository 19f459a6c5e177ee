import { describe, expect, it } from "vitest";
import { makeWorld, principalIn, token } from "./verifier-world.js";

describe("what the verifier remembers", () => {
  it("is no more tokens than it may keep, and all of them are let in", async () => {
    const values = Array.from({ length: 300 }, (_, index) => index.toString(16).padStart(40, "0"));
    const { verifier } = await makeWorld(
      values.map((value, index) => token(`app-${index}`, value)),
      { cacheSize: 100 },
    );
    const ask = (value: string) => verifier.authenticate(`Token ${value}`);
    const first = values.map(ask);
    const again = values.toReversed().map(ask).toReversed();
    const kept = again.filter((outcome, index) => outcome === first[index]).length;
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThanOrEqual(100);
    for (const outcome of await Promise.all(again)) principalIn(outcome);
  });
});
