import type { Problem } from "../errors.js";
import type { GeneratedSecret } from "../plan/kind.js";
import type { Change, ResourceName } from "../plan/resource.js";
import type { RunTimes } from "./run.js";

/** What a run did, or would do. */
export interface RunResult {
  readonly command: "plan" | "apply";
  readonly outcome: "planned" | "applied" | "unchanged";
  /** The migrations that were run first, or would be; none for a database that had no tables at all. */
  readonly migrations: readonly string[];
  readonly changes: readonly Change[];
  /** The declared resources that are as they should be. */
  readonly unchanged: readonly ResourceName[];
  /** What this owner manages, no file declares and the run leaves as it is. */
  readonly undeclared: readonly ResourceName[];
  /** Shown once, then gone. */
  readonly generated: readonly GeneratedSecret[];
  readonly diagnostics: readonly Problem[];
  readonly run: RunTimes;
}
