import { expect, it } from "vitest";
import { formatDuration, parseDuration } from "../src/duration.js";

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

it.each(["90s", "30m", "25h", "7d"])("writes %s in its largest whole unit", (text) => {
  expect(formatDuration(parseDuration(text) ?? 0)).toBe(text);
});
