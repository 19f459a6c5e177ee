import type { DiagnosticCode } from "../errors.js";
import type { GeneratedSecret } from "../plan/kind.js";
import type { Wait } from "../retry.js";
import type { ConfigSource } from "../yaml/read.js";
import type { Extensions } from "./step-modules.js";

/** How a run connects to its database. */
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
  /** Reports what the run is waiting for: at once, at each try, and every ten seconds. */
  readonly onWaiting: (what: string, wait: Wait) => void;
}

/** A step of a run, for a log. */
export interface RunStep {
  readonly code: "STARTED" | "RESOLVED" | "LOCKED" | "MIGRATED" | "COMPARED" | "WRITING" | "COMMITTED";
  readonly message: string;
  /** The id of the run, which the journal has where it changes something. */
  readonly run: string;
}

/** How severe a run's diagnostics are. */
export interface SeverityOptions {
  /** Makes every warning about this program's part of the files an error. */
  readonly strict: boolean;
  /** The codes of warnings that `strict` leaves as they are, and of judgments that become warnings. */
  readonly allow: readonly DiagnosticCode[];
  /** The codes of warnings and notes that refuse the run. */
  readonly deny: readonly DiagnosticCode[];
}

/** The options of writing under the database's lock. */
export interface LockingOptions extends DatabaseOptions {
  /** How long to wait for another run's lock. */
  readonly lockTimeoutMs: number;
}

/** The options of `plan` and `apply` beside the configuration. */
export interface RunOptions extends DatabaseOptions, SeverityOptions {
  /** Who manages what the files declare, whatever they say; without it, what each file says, or `default`. */
  readonly owner?: string | undefined;
  /** Deletes what these owners managed and no file declares any more. */
  readonly prune: boolean;
  /** Skips discovery: endpoints that only the provider knows stay as they are. */
  readonly offline: boolean;
  /** Reports each step of the run. */
  readonly onStep: (step: RunStep) => void;
}

export interface ApplyOptions extends RunOptions, LockingOptions {
  /** Who runs this, for the audit rows. */
  readonly actor: string;
  /** What the journal says that the run came through. */
  readonly through: "apply" | "import django";
  /** Whom the actor acts for, where that is someone else. */
  readonly claimedActor?: string | undefined;
  readonly version: string;
  /** Creates missing tables; without it, a database that lacks any is refused. */
  readonly migrate: boolean;
  /** Called before the first write of a run that will generate tokens; an exception refuses the run. */
  readonly beforeGenerating: () => void;
  /**
   * Receives generated tokens while the transaction can still be rolled back; an exception does that. Where the database requires
   * a retry of the whole transaction, it is called again, with other tokens. The run's id is that of its row in `runs`.
   */
  readonly beforeCommit: (generated: readonly GeneratedSecret[], runId: string) => Promise<void>;
  /** What earlier runs left unfinished when they were killed around their commit. */
  readonly leftBehind: {
    /** True makes a run take the lock even without changes. */
    readonly exists: () => boolean;
    /** Called under the lock, before anything is compared. */
    readonly settle: (isCommitted: (runId: string) => Promise<boolean>) => Promise<void>;
  };
}

/** The options of reading configuration files. */
export interface LoadOptions extends Extensions, SeverityOptions {
  /** Files that are laid over the configuration, in this order. */
  readonly overlays: readonly ConfigSource[];
  /** Where `value_from: {env: …}` looks. Nothing else reads it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder that relative paths of `value_from: {file: …}` start from. */
  readonly cwd: string;
  /** The only folder that `value_from` may read files from, if given. */
  readonly secretsDir?: string | undefined;
  readonly stdin: () => Promise<Buffer>;
  readonly now: Date;
}
