import * as z from "zod";
import { parseDuration } from "../duration.js";

const longestSeconds = 365 * 86_400;

/** A length of time such as `24h`, at most a year. */
export const gracePeriod = z
  .string()
  .refine((text) => parseDuration(text) !== undefined, {
    error: "expected a whole number and a unit: `90s`, `30m`, `24h` or `7d`",
  })
  .refine((text) => (parseDuration(text) ?? 0) <= longestSeconds, { error: "expected at most a year, `365d`" });
