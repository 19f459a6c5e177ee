import type { ProblemCode } from "../errors.js";
import type { Place } from "./node.js";

/** A problem before its source line is quoted: what a stage reports. It never holds a value from the file. */
export interface Finding {
  /** A note tells something that even `--strict` does not mind. */
  readonly severity: "error" | "warning" | "note";
  readonly code: ProblemCode;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly place?: Place | undefined;
  /** Dotted path in the file. */
  readonly path?: string | undefined;
}
