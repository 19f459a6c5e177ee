import type { LoadOptions, RunOptions } from "../apply/options.js";
import { loadStepModules } from "../apply/step-modules.js";
import type { DiagnosticCode } from "../errors.js";
import type { CliContext } from "./context.js";

/** The options that commands share, as commander returns them. */
export interface CommonSettings {
  readonly output: "text" | "json";
}

interface ConfigSettings extends CommonSettings {
  readonly strict: boolean;
  readonly allow: readonly DiagnosticCode[];
  readonly deny: readonly DiagnosticCode[];
  readonly steps: readonly string[];
  readonly secretsDir?: string;
}

export interface ValidateSettings extends ConfigSettings {
  /** False with `--no-env`. */
  readonly env: boolean;
}

export interface PlanSettings extends ConfigSettings {
  readonly database: string;
  readonly prune: boolean;
  readonly owner: string;
  /** Milliseconds. */
  readonly wait: number;
  readonly offline: boolean;
  readonly detailedExitcode: boolean;
  /** False with `--no-env`. */
  readonly env: boolean;
}

export interface ApplySettings extends Omit<PlanSettings, "detailedExitcode" | "env"> {
  readonly tokensOut?: string;
  /** False with `--no-migrate`. */
  readonly migrate: boolean;
}

export interface MigrateSettings extends CommonSettings {
  readonly steps: readonly string[];
  readonly database: string;
  /** Milliseconds. */
  readonly wait: number;
}

/** The options of reading the configuration, from the command line and the process. */
export async function loadOptions(
  { env, cwd, stdin }: CliContext,
  { steps, strict, allow, deny, secretsDir }: ConfigSettings,
): Promise<LoadOptions> {
  const modules = await loadStepModules(steps, cwd);
  return { ...modules, strict, allow, deny, secretsDir, env, cwd, stdin, now: new Date() };
}

/** The options of planning, from the command line and the process. */
export function runOptions(
  { env, signal, terminal }: CliContext,
  settings: Pick<PlanSettings, "database" | "owner" | "prune" | "strict" | "allow" | "deny" | "wait" | "offline">,
): Partial<RunOptions> {
  const { database, owner, prune, strict, allow, deny, wait, offline } = settings;
  return {
    ...{ database, owner, prune, strict, allow, deny, offline, env, signal },
    waitMs: wait,
    onWaiting: terminal.waiting,
    onProgress: terminal.progress,
  };
}
