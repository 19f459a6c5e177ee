import type { Database } from "../database/database.js";
import type { Finding } from "../document/finding.js";
import { type Problem, SetupError } from "../errors.js";
import type { LazyVault } from "../secrets/open-vault.js";
import type { Configuration } from "./configuration.js";
import type { RunOptions } from "./options.js";

/** What the run has to tell beside its changes. */
export function collectDiagnostics(
  configuration: Configuration,
  database: Database | undefined,
  vault: LazyVault | undefined,
  remarks: readonly Finding[],
): readonly Problem[] {
  const found = configuration.quote(remarks);
  return [...configuration.warnings, ...found, ...(vault?.remarks() ?? []), ...(database?.warnings ?? [])];
}

/** @throws SetupError where `strict` makes the warnings errors */
export function refuseWarnings({ strict }: Pick<RunOptions, "strict">, diagnostics: readonly Problem[]): void {
  if (!strict || !diagnostics.some(({ severity }) => severity === "warning")) return;
  throw new SetupError(
    "invalid",
    diagnostics.map((problem) => (problem.severity === "warning" ? { ...problem, severity: "error" } : problem)),
  );
}
