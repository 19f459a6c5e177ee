import type { z } from "zod";
import { filledText } from "../config/fields.js";
import { nameFault } from "../users/names.js";

const expected = {
  control: "expected a name without control characters",
  invisible: "expected a name without invisible characters",
  blanks: "expected a name without blanks around it",
  composition: "expected a name with composed letters (NFC): an accent and its letter are one character",
} as const;

/** A name that people read: 1 to `max` characters, written in the one way that looks so. */
export function name(max: number): z.ZodString {
  return inOneForm(filledText(max));
}

/** Refuses names that look like another one, and are stored beside it. */
export function inOneForm(text: z.ZodString): z.ZodString {
  return text.refine((value) => nameFault(value) === undefined, {
    error: ({ input }) => expected[nameFault(String(input)) ?? "invisible"],
  });
}
