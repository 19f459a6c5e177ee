import type { Problem } from "../errors.js";
import type { Place } from "./node.js";

/** A problem before its source line is quoted: what a stage reports. It never holds a value from the file. */
export interface Finding extends Omit<Problem, "position" | "excerpt"> {
  readonly place?: Place | undefined;
}
