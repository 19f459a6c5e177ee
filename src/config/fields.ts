import * as z from "zod";
import type { CharacterRule } from "../characters.js";
import { isSecret, type Secret } from "../secrets/secret.js";
import { slugPattern } from "../users/names.js";

/** A field whose value must never be shown. It is a {@link Secret} from the moment it is read; `check` gets the plain text. */
export function secret(check?: {
  readonly test: (plain: string) => boolean;
  readonly expected: string;
}): z.ZodType<Secret> {
  return z
    .custom<Secret>(isSecret, { error: "expected text" })
    .refine((value) => check?.test(value.reveal()) ?? true, { error: check?.expected ?? "" })
    .meta({ sensitive: true });
}

/** A field whose characters are looked at before its schema, which can name the one that is wrong and how it came there. */
export function heldTo<Field extends z.ZodType>(rule: CharacterRule, field: Field): Field {
  return field.meta({ characters: rule });
}

// PostgreSQL can't store it in a text.
const noNul = { error: "expected text without NUL characters" };

function hasNoNul(value: string): boolean {
  return !value.includes("\0");
}

/** A text of at most `max` characters. */
export function text(max: number): z.ZodString {
  return z.string().max(max).refine(hasNoNul, noNul);
}

/** A text of at least one and at most `max` characters. */
export function filledText(max: number): z.ZodString {
  return z.string().min(1).max(max).refine(hasNoNul, noNul);
}

/** ASCII letters, digits, `-` and `_`. */
export function slug(max: number): z.ZodString {
  const expected = "expected letters, digits, hyphens and underscores only";
  return heldTo("visible", z.string().max(max).regex(slugPattern, { error: expected }));
}
