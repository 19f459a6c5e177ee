import type { ProblemCode } from "../errors.js";

/** The options that commands share, as commander gives them. */
export interface CommonSettings {
  readonly output: "text" | "json";
}

export interface ConfigSettings extends CommonSettings {
  readonly strict: boolean;
  readonly allow: readonly ProblemCode[];
  readonly deny: readonly ProblemCode[];
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
