import { expect, it } from "vitest";
import { parseDuration } from "../src/duration.js";

it.each([
  ["90s", 90],
  ["30m", 1800],
  ["24h", 86_400],
  ["7d", 604_800],
  ["0s", 0],
])("reads %s as %d seconds", (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

it.each(["", "24", "h", "1.5h", "-1h", "1h30m", "24H", " 24h", "24 h", "1w"])("does not read %j", (text) => {
  expect(parseDuration(text)).toBeUndefined();
});
