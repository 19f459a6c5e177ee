import type { GeneratedSecret } from "../plan/kind.js";

/** What `plan` and `apply` need to know beside the configuration. */
export interface RunOptions {
  /** Such as `sqlite:./vtb-auth.db`. */
  readonly database: string;
  /** Who manages what the files declare. */
  readonly owner: string;
  /** Delete what this owner managed and no file declares any more. */
  readonly prune: boolean;
  /** Make every warning an error. */
  readonly strict: boolean;
  /** How long to wait for the database and for identity providers. */
  readonly waitMs: number;
  /** Leave out discovery: endpoints that only the provider knows stay as they are. */
  readonly offline: boolean;
  /** Where the sealing key's variables are looked up. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  readonly now: () => Date;
  readonly newId: () => string;
  /** Told what is being waited for. */
  readonly onWaiting: (message: string) => void;
  /** Told what is being done. */
  readonly onProgress: (message: string) => void;
}

export interface ApplyOptions extends RunOptions {
  /** Who runs this, for the audit rows. */
  readonly actor: string;
  readonly version: string;
  /** How long another run's lock is waited for. */
  readonly lockTimeoutMs: number;
  /** Takes generated tokens while the transaction can still be rolled back; what it throws does that. */
  readonly beforeCommit: (generated: readonly GeneratedSecret[]) => Promise<void>;
}
