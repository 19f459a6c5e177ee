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
  /** Set when a row is made and left alone afterwards. */
  readonly createOnly?: boolean;
  /** Compared with a row that is there; a new row has none. */
  readonly updateOnly?: boolean;
  /** The kind whose keys its value (or each of its values) names. */
  readonly references?: string;
  /** Where it is true, writing it makes a secret that is handed out once. */
  readonly generates?: boolean;
  /** No two resources can share its value; one that comes under a new key is a rename. */
  readonly identity?: (wanted: AttributeValue) => string | undefined;
  /** Whether the wanted value is the stored one; by default, deep equality. */
  readonly same?: (wanted: AttributeValue, stored: AttributeValue) => boolean;
}

/** A row as it is: what `read` gives. */
export interface CurrentResource {
  readonly id: string;
  readonly key: string;
  readonly owner: string | null;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** A token that was made during a write, to be shown once. */
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
  /** ISO 8601 UTC: the one time of this run. */
  readonly now: string;
  readonly newId: () => string;
  /** Takes what was generated. */
  readonly generated: (secret: GeneratedSecret) => void;
}

/** What `complete` may use: how long to wait, how to be stopped, and how to tell that it waits. */
export interface NetworkContext {
  /** Everything that the files declare, of every kind. */
  readonly declared: readonly Resource[];
  /** Where what concerns the network is looked up, such as `HTTPS_PROXY`. */
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

/** Why a plan can't be made, and which exit that means. */
export interface Refusal extends Omit<RawDiagnostic, "severity"> {
  readonly reason: FailureReason;
}

/** What there will be once the plan is applied, by kind. */
export interface PlannedWorld {
  /** The owner that the run is for. */
  readonly owner: string;
  /** False where no database was read, so that nothing is known of what the files don't declare. */
  readonly isDatabaseKnown: boolean;
  readonly keys: (kind: string) => ReadonlySet<string>;
  /** What the files want. */
  readonly wanted: (kind: string) => readonly Resource[];
  /** The rows as they are. */
  readonly current: (kind: string) => readonly CurrentResource[];
  /** The rows that no file declares and the run leaves as they are. */
  readonly left: (kind: string) => readonly CurrentResource[];
}

/** How things of one kind are compared, read and written, all of them at once. */
export interface Kind {
  readonly name: string;
  /** Kinds whose rows must exist before this one's: they are written first and deleted last. */
  readonly dependsOn: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeSpec>>;
  /** Its keys are names that people give freely: two that can be taken for each other get a warning. */
  readonly hasFreeNames?: boolean;
  /** Only for kinds that bring tables of their own. */
  readonly migrations?: readonly Migration[];
  /** Finds out before the transaction what the files leave to the network. */
  readonly resolve?: (wanted: readonly Resource[], context: NetworkContext) => Promise<Resolution>;
  /** Refuses what its own attributes alone don't show to be impossible. */
  readonly check?: (world: PlannedWorld) => readonly Refusal[];
  /** Diagnostics of what can be planned, but depends on resources of other kinds. */
  readonly review?: (world: PlannedWorld) => readonly RawDiagnostic[];
  readonly read: (context: ReadContext) => Promise<readonly CurrentResource[]>;
  /**
   * Takes out of the way what these changes give up and another kind's may be about to get, such as a name. It comes after what
   * the run removes, and before any kind writes.
   */
  readonly release?: (context: WriteContext, changes: readonly PlannedChange[]) => Promise<void>;
  /** Creates and updates, in the order given. */
  readonly write: (context: WriteContext, changes: readonly PlannedChange[]) => Promise<void>;
  readonly remove: (context: WriteContext, ids: readonly string[]) => Promise<void>;
}

/** What a plan is made from. */
export interface PlanInput {
  readonly kinds: readonly Kind[];
  readonly wanted: readonly Resource[];
  /** Every row there is, by kind. */
  readonly current: ReadonlyMap<string, readonly CurrentResource[]>;
  /** False where no database was read: `current` is empty then. */
  readonly isDatabaseKnown: boolean;
  readonly owner: string;
  /** The kinds to prune: those that the enabled steps declare, or none. */
  readonly prunable: ReadonlySet<string>;
  readonly newId: () => string;
}
