import { describe, expect, it } from "vitest";
import { makeWorld, principalIn, token } from "./verifier-world.js";

async function makeSized(count: number) {
  const values = Array.from({ length: count }, (_, index) => index.toString(16).padStart(40, "0"));
  const tokens = values.map((value, index) => token(`app-${index}`, value));
  const { verifier } = await makeWorld(tokens, { cacheSize: 100 });
  return { values, ask: (value: string) => verifier.authenticate(`Token ${value}`) };
}

describe("what the verifier remembers", () => {
  it("is never exceeded, and all tokens are accepted", async () => {
    const { values, ask } = await makeSized(300);
    const first = values.map(ask);
    const again = values.toReversed().map(ask).toReversed();
    const kept = again.filter((outcome, index) => outcome === first[index]).length;
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThanOrEqual(100);
    for (const outcome of await Promise.all(again)) principalIn(outcome);
  });

  it("F74: is as many tokens as it may keep", async () => {
    const { values, ask } = await makeSized(100);
    const first = values.map(ask);
    expect(values.map(ask).filter((outcome, index) => outcome === first[index])).toHaveLength(100);
  });
});
