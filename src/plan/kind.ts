import type { Connection } from "../database/database.js";
import type { Migration } from "../database/migrations.js";
import type { FailureReason } from "../errors.js";
import type { Secret } from "../secrets/secret.js";
import type { Vault } from "../secrets/vault.js";
import type { RawDiagnostic } from "../yaml/node.js";
import type { AttributeValue, PlannedChange, Resource } from "./resource.js";

/** How plan and report treat one attribute. */
export interface AttributeSpec {
  /** Its values are never shown, only that they changed. */
  readonly sensitive?: boolean;
  /** Set when a row is created and left alone afterwards. */
  readonly createOnly?: boolean;
  /** Compared with an existing row; a new row has none. */
  readonly updateOnly?: boolean;
  /** The kind that its value (or each of its values) is a key of. */
  readonly references?: string;
  /** Where it is true, writing it generates a secret that is shown once. */
  readonly generates?: boolean;
  /** No two resources can share its value; one that appears under a new key is a rename. */
  readonly identity?: (wanted: AttributeValue) => string | undefined;
  /** Whether the desired value equals the stored one; by default, deep equality. */
  readonly same?: (wanted: AttributeValue, stored: AttributeValue) => boolean;
}

/** A row as it is: what `read` returns. */
export interface CurrentResource {
  readonly id: string;
  readonly key: string;
  readonly owner: string | null;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** A token generated during a write, to be shown once. */
export interface GeneratedSecret {
  readonly kind: string;
  readonly key: string;
  readonly value: Secret;
}

export interface ReadContext {
  readonly db: Connection;
  readonly vault: Vault;
}

export interface WriteContext extends ReadContext {
  readonly owner: string;
  /** ISO 8601 UTC: the single timestamp of this run. */
  readonly now: string;
  readonly newId: () => string;
  /** Receives what was generated. */
  readonly generated: (secret: GeneratedSecret) => void;
}

/** What `resolve` may use: how long to wait, how to stop, and how to report that it waits. */
export interface NetworkContext {
  /** Everything that the files declare, of every kind. */
  readonly declared: readonly Resource[];
  /** Where network settings such as `HTTPS_PROXY` are looked up. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onWaiting: (message: string) => void;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export interface Resolution {
  readonly resources: readonly Resource[];
  readonly refusals: readonly Refusal[];
  readonly remarks: readonly RawDiagnostic[];
}

/** Why a plan can't be made, and which exit status that means. */
export interface Refusal extends Omit<RawDiagnostic, "severity"> {
  readonly reason: FailureReason;
}

/** The resources once the plan is applied, by kind. */
export interface PlannedWorld {
  /** The owner that the run is for. */
  readonly owner: string;
  /** False where no database was read, so that only what the files declare is known. */
  readonly isDatabaseKnown: boolean;
  readonly keys: (kind: string) => ReadonlySet<string>;
  /** What the files declare. */
  readonly wanted: (kind: string) => readonly Resource[];
  /** The rows as they are. */
  readonly current: (kind: string) => readonly CurrentResource[];
  /** The rows that no file declares and the run leaves as they are. */
  readonly left: (kind: string) => readonly CurrentResource[];
}

/** How resources of one kind are compared, read and written, all at once. */
export interface Kind {
  readonly name: string;
  /** Kinds whose rows must exist before this one's: they are written first and deleted last. */
  readonly dependsOn: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeSpec>>;
  /** Its keys are names that people choose freely: two that look alike get a warning. */
  readonly hasFreeNames?: boolean;
  /** Only for kinds that bring their own tables. */
  readonly migrations?: readonly Migration[];
  /** Looks up over the network what the files leave open, before the transaction. */
  readonly resolve?: (wanted: readonly Resource[], context: NetworkContext) => Promise<Resolution>;
  /** Refuses what is impossible for reasons beyond its own attributes. */
  readonly check?: (world: PlannedWorld) => readonly Refusal[];
  /** Diagnostics of what can be planned, but depends on resources of other kinds. */
  readonly review?: (world: PlannedWorld) => readonly RawDiagnostic[];
  readonly read: (context: ReadContext) => Promise<readonly CurrentResource[]>;
  /**
   * Releases what these changes give up and another kind's may need, such as a name. It runs after the run's deletions
   * and before any kind writes.
   */
  readonly release?: (context: WriteContext, changes: readonly PlannedChange[]) => Promise<void>;
  /** Creates and updates in the given order. */
  readonly write: (context: WriteContext, changes: readonly PlannedChange[]) => Promise<void>;
  readonly remove: (context: WriteContext, ids: readonly string[]) => Promise<void>;
}

/** The input of a plan. */
export interface PlanInput {
  readonly kinds: readonly Kind[];
  readonly wanted: readonly Resource[];
  /** All rows, by kind. */
  readonly current: ReadonlyMap<string, readonly CurrentResource[]>;
  /** False where no database was read: `current` is empty then. */
  readonly isDatabaseKnown: boolean;
  readonly owner: string;
  /** The kinds to prune: those that the enabled steps declare, or none. */
  readonly prunable: ReadonlySet<string>;
  readonly newId: () => string;
}
