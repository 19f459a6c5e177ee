import type { z } from "zod";
import { filledText } from "../config/fields.js";
import { hiddenCharacters } from "../formats/hidden.js";

/** A name that people read: 1 to `max` characters, none of them invisible controls. */
export function name(max: number): z.ZodString {
  return filledText(max).refine((value) => !hiddenCharacters.test(value), {
    error: "expected a name without control characters",
  });
}
