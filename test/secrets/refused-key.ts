import { expect } from "vitest";
import { type Diagnostic, type FailureReason, SetupError } from "../../src/errors.js";

/** The one problem that a function refuses its input with. */
export function problemOf(refuse: () => unknown, reason: FailureReason = "invalid"): Diagnostic | undefined {
  try {
    refuse();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    expect(error.reason).toBe(reason);
    expect(error.diagnostics).toHaveLength(1);
    return error.diagnostics[0];
  }
  throw new Error("nothing was refused");
}

/** A key whose base64 has characters that base64url writes differently. */
export const key = Buffer.from(`${"f0fbff".repeat(10)}0102`, "hex");
export const written = key.toString("base64");
