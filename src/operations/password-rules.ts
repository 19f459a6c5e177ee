import { findStray } from "../characters.js";
import type { Diagnostic } from "../errors.js";
import { isExamplePassword } from "../secrets/placeholder.js";

// Sign-in accepts no longer one.
const maxLength = 1024;
const minLength = 8;

/** Why a password can't be used. It never holds the password. */
export interface PasswordMistake extends Pick<Diagnostic, "message"> {
  readonly code: "INVALID_VALUE" | "WEAK_PASSWORD";
  /** A word for programs. */
  readonly reason: "empty" | "stray_character" | "too_long" | "too_short" | "well_known";
  readonly hint: string;
}

/** Why no user may have this password; undefined for one that can be used. */
export function findPasswordMistake(plain: string): PasswordMistake | undefined {
  const guessed = "give one that nobody can guess";
  if (plain === "") {
    return { code: "INVALID_VALUE", reason: "empty", message: "the password is empty", hint: guessed };
  }
  const stray = findStray(plain, "typed", true);
  if (stray) {
    const hint = "give one line of what people can type; one line break at the end is dropped";
    return { code: "INVALID_VALUE", reason: "stray_character", message: `the password contains ${stray.name}`, hint };
  }
  if (plain.length > maxLength) {
    const message = `the password is longer than ${maxLength} characters`;
    return { code: "INVALID_VALUE", reason: "too_long", message, hint: "give a shorter one" };
  }
  if (plain.length < minLength) {
    const message = `the password is shorter than ${minLength} characters`;
    return { code: "WEAK_PASSWORD", reason: "too_short", message, hint: guessed };
  }
  if (!isExamplePassword(plain)) return undefined;
  return {
    code: "WEAK_PASSWORD",
    reason: "well_known",
    message: "the password is a well-known example",
    hint: guessed,
  };
}
