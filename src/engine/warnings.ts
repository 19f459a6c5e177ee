import type { Database } from "../database/database.js";
import type { Finding } from "../document/finding.js";
import { type Problem, SetupError } from "../errors.js";
import type { Configuration } from "./configuration.js";
import type { RunOptions } from "./options.js";
import type { LazyVault } from "./vault.js";

/** What the run has to tell beside its changes. */
export function collectDiagnostics(
  configuration: Configuration,
  database: Database | undefined,
  vault: LazyVault | undefined,
): readonly Problem[] {
  const findings = [...(vault?.findings() ?? []), ...modeFinding(database)];
  return [...configuration.warnings, ...configuration.quote(findings)];
}

function modeFinding(database: Database | undefined): readonly Finding[] {
  if (!database?.readableByOthers) return [];
  return [
    {
      severity: "warning",
      code: "DATABASE_MODE",
      message: `the database ${database.location} can be read by other users of this machine`,
      hint: "take the right away with chmod o-rwx",
    },
  ];
}

/** @throws SetupError where `strict` makes the warnings errors */
export function refuseWarnings({ strict }: Pick<RunOptions, "strict">, diagnostics: readonly Problem[]): void {
  if (!strict || !diagnostics.some(({ severity }) => severity === "warning")) return;
  throw new SetupError(
    "invalid",
    diagnostics.map((problem) => (problem.severity === "warning" ? { ...problem, severity: "error" } : problem)),
  );
}
