import type { z } from "zod";
import { filledText } from "../config/fields.js";

// Marks that reorder text would make one name look like another.
const hidden = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;

/** A name that people read: 1 to `max` characters, none of them invisible controls. */
export function name(max: number): z.ZodString {
  return filledText(max).refine((value) => !hidden.test(value), {
    error: "expected a name without control characters",
  });
}
