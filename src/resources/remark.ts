import type { ConfigPath, Remark } from "../config/step.js";
import type { ProblemCode } from "../errors.js";

/** Something that the operator should look at; the configuration works. */
export function warning(code: ProblemCode, path: ConfigPath, message: string, hint: string): Remark {
  return { severity: "warning", code, path, message, hint };
}

/** Something that must be put right first. */
export function refusal(code: ProblemCode, path: ConfigPath, message: string, hint: string): Remark {
  return { severity: "error", code, path, message, hint };
}
