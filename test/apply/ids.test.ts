import { describe, expect, it } from "vitest";
import { createIds } from "../../src/apply/run.js";

describe("ids of new rows", () => {
  it("are UUIDs of version 7, each greater than the one before, however many a millisecond has and wherever the clock goes", () => {
    const times = [1_000, ...Array.from({ length: 10_000 }, () => 2_000), 1_500, 1_500, 3_000_000_000_000];
    let index = 0;
    const newId = createIds(() => times[index++] ?? 0);
    const ids = times.map(() => newId());
    expect(ids.filter((id) => !/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/.test(id))).toEqual(
      [],
    );
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
    expect(ids[0]?.replace("-", "").slice(0, 12)).toBe((1_000).toString(16).padStart(12, "0"));
    expect(ids.at(-1)?.replace("-", "").slice(0, 12)).toBe((3_000_000_000_000).toString(16).padStart(12, "0"));
  });
});
