import type { DiagnosticCode } from "../errors.js";
import type { GeneratedSecret } from "../plan/kind.js";
import type { Extensions } from "./step-modules.js";

/** How a run comes to its database. */
export interface DatabaseOptions {
  /** Such as `sqlite:./vtb-auth.db` or `postgres://vtb@db.example/auth`. */
  readonly database: string;
  /** How long to wait for the database and for identity providers. */
  readonly waitMs: number;
  /** Where the variables of the sealing key and of a database's address are looked up. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  readonly now: () => Date;
  readonly newId: () => string;
  /** Told what is being waited for. */
  readonly onWaiting: (message: string) => void;
}

/** How much what a run finds weighs. */
export interface SeverityOptions {
  /** Make every warning about this program's part of the files an error. */
  readonly strict: boolean;
  /** The codes of warnings that `strict` leaves as they are, and of matters of judgement that are to be warnings. */
  readonly allow: readonly DiagnosticCode[];
  /** The codes of warnings and notes that refuse the run. */
  readonly deny: readonly DiagnosticCode[];
}

/** What writing under the database's lock needs to know. */
export interface LockingOptions extends DatabaseOptions {
  /** How long another run's lock is waited for. */
  readonly lockTimeoutMs: number;
}

/** What `plan` and `apply` need to know beside the configuration. */
export interface RunOptions extends DatabaseOptions, SeverityOptions {
  /** Who manages what the files declare. */
  readonly owner: string;
  /** Delete what this owner managed and no file declares any more. */
  readonly prune: boolean;
  /** Leave out discovery: endpoints that only the provider knows stay as they are. */
  readonly offline: boolean;
  /** Told what is being done. */
  readonly onProgress: (message: string) => void;
}

export interface ApplyOptions extends RunOptions, LockingOptions {
  /** Who runs this, for the audit rows. */
  readonly actor: string;
  readonly version: string;
  /** Make the tables that are missing; without it, a database that lacks any is refused. */
  readonly migrate: boolean;
  /** Called before the first write of a run that will generate tokens; what it throws refuses the run. */
  readonly beforeGenerating: () => void;
  /**
   * Takes generated tokens while the transaction can still be rolled back; what it throws does that. Where the database asks for
   * the whole transaction again, it is called again, with other tokens. The run's id is that of its row in `runs`.
   */
  readonly beforeCommit: (generated: readonly GeneratedSecret[], runId: string) => Promise<void>;
  /** What earlier runs left unfinished that were killed around their commit. */
  readonly leftBehind: {
    /** True makes a run take the lock even where there is nothing to do. */
    readonly exists: () => boolean;
    /** Called under the lock, before anything is compared. */
    readonly settle: (isCommitted: (runId: string) => Promise<boolean>) => Promise<void>;
  };
}

/** What reading configuration files needs to know. */
export interface LoadOptions extends Extensions, SeverityOptions {
  /** Where `value_from: {env: …}` looks. Nothing else reads it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where relative paths of `value_from: {file: …}` begin. */
  readonly cwd: string;
  /** The only folder that `value_from` may read files from, where given. */
  readonly secretsDir?: string | undefined;
  readonly stdin: () => Promise<Buffer>;
  readonly now: Date;
}
