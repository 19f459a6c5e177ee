import type { Connection } from "../database/database.js";
import type { Migration } from "../database/migrations.js";
import type { FailureReason } from "../errors.js";
import type { Wait } from "../retry.js";
import type { Secret } from "../secrets/secret.js";
import type { Vault } from "../secrets/vault.js";
import type { RawDiagnostic } from "../yaml/node.js";
import type { KindShape } from "./kind-shape.js";
import type { Attributes, AttributeValue, EntrySettings, PlannedChange, Resource, ResourceName } from "./resource.js";

/**
 * A row as it is: what `read` returns. What is stored may have another type than what a step gives, such as a digest for a
 * secret.
 */
export interface CurrentResource<A extends Attributes = Attributes> {
  readonly id: string;
  readonly key: string;
  /** In a plan that renames it: the key that it has until then. */
  readonly previousKey?: string;
  readonly owner: string | null;
  /** Who managed it until the run, where it is handed over in it. */
  readonly formerOwner?: string | null;
  readonly attributes: { readonly [Name in keyof A]?: AttributeValue };
  /** Added to what a kind reads, for rows of which files said something. */
  readonly settings?: EntrySettings | undefined;
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

/**
 * The rows that a run needs of a kind with many: those with these keys or ids, or with these values of the attribute that no two
 * resources can share.
 */
export interface WantedRows {
  readonly by: "key" | "id" | "identity";
  readonly values: readonly string[];
}

/** Rows of a kind that an owner manages: how many there are, and the first keys, in the database's order. */
export interface OwnedRows {
  readonly count: number;
  readonly keys: readonly string[];
}

export interface WriteContext extends ReadContext {
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
  readonly onWaiting: (what: string, wait: Wait) => void;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export interface Resolution {
  readonly resources: readonly Resource[];
  readonly refusals: readonly Refusal[];
  readonly diagnostics: readonly RawDiagnostic[];
}

/** Why a plan can't be made, and which exit status that means. */
export interface Refusal extends Omit<RawDiagnostic, "severity"> {
  readonly reason: FailureReason;
}

/** What a guard finds. */
export interface GuardResult {
  readonly refusals: readonly Refusal[];
  readonly diagnostics: readonly RawDiagnostic[];
}

/** What a guard may look at. */
export interface GuardContext {
  /** Undefined where no database was read. */
  readonly db: Connection | undefined;
  /** ISO 8601, UTC. */
  readonly now: string;
}

/** The resources once the plan is applied, by kind. */
export interface PlannedWorld {
  /** False where no database was read, so that only what the files declare is known. */
  readonly isDatabaseKnown: boolean;
  readonly keys: (kind: Pick<KindShape, "name">) => ReadonlySet<string>;
  /** What the files declare. */
  readonly desired: <A extends Attributes>(kind: KindShape<A>) => readonly Resource<A>[];
  /** The rows as they are. */
  readonly current: <A extends Attributes>(kind: KindShape<A>) => readonly CurrentResource<A>[];
  /** The rows that no file declares and the run leaves as they are. */
  readonly left: <A extends Attributes>(kind: KindShape<A>) => readonly CurrentResource<A>[];
}

/** How resources of one kind are compared, read and written, all at once. */
export interface Kind<A extends Attributes = Attributes, Name extends string = string> extends KindShape<A, Name> {
  /** Only for kinds that bring their own tables. */
  readonly migrations?: readonly Migration[];
  /** Requires that its tables have the columns that it reads and writes, once its migrations have run; `own` names it. */
  readonly requireTables?: (db: Connection, own: string) => Promise<void>;
  /** The title of the step that a module brings it with. */
  readonly step?: string;
  /** Looks up over the network what the files leave open, before the transaction. */
  resolve?(desired: readonly Resource<A>[], context: NetworkContext): Promise<Resolution>;
  /** Refuses what is impossible for reasons beyond its own attributes. */
  readonly check?: (world: PlannedWorld) => readonly Refusal[];
  /** Diagnostics of what can be planned, but depends on resources of other kinds. */
  readonly review?: (world: PlannedWorld) => readonly RawDiagnostic[];
  /** Diagnostics of what only the database knows of these resources. */
  inspect?(
    context: ReadContext,
    desired: readonly Resource<A>[],
    current: readonly CurrentResource<A>[],
  ): Promise<readonly RawDiagnostic[]>;
  /** Refuses, or warns of, what depends on the time and on what only the database knows. */
  guard?(context: GuardContext, world: PlannedWorld): Promise<GuardResult>;
  /** The ids of rows that a command ended here: declared in another database, they would work again. */
  ended?(context: ReadContext): Promise<ReadonlySet<string>>;
  /** A run reads all its rows, however few it declares: they are few, and what is checked of one depends on others. */
  readonly isReadWhole?: boolean;
  /** The names of entries of other kinds that its checks ask for, beside those that its resources refer to. */
  readonly asksFor?: (desired: readonly Resource[]) => readonly ResourceName[];
  /** @param wanted only these; without it, all */
  read(context: ReadContext, wanted?: WantedRows): Promise<readonly CurrentResource<A>[]>;
  /** @param limit how many keys to give back */
  countOwned(db: Connection, owner: string, limit: number): Promise<OwnedRows>;
  /**
   * Releases what these changes give up and another kind's may need, such as a name. It runs after the run's deletions
   * and before any kind writes.
   */
  release?(context: WriteContext, changes: readonly PlannedChange<A>[]): Promise<void>;
  /** Creates and updates in the given order. */
  write(context: WriteContext, changes: readonly PlannedChange<A>[]): Promise<void>;
  remove(context: WriteContext, ids: readonly string[]): Promise<void>;
}

/** The kind with this shape. */
export type KindOf<Shape> = Shape extends KindShape<infer A, infer Name> ? Kind<A, Name> : never;

/** An owner of the files in a run. */
export interface RunOwner {
  readonly name: string;
  /** Whether a file or an option names it. */
  readonly isNamed: boolean;
  /** The owners whose entries it takes over. */
  readonly formerly: readonly string[];
  /** The kinds that its files declare, or would if they had entries. */
  readonly kinds: ReadonlySet<string>;
}

/** What is known of rows that were not read. */
interface OtherRows {
  /** The kinds that have some. */
  readonly kinds: ReadonlySet<string>;
  /** What each owner of the files manages, by kind, with what was read. */
  readonly owned: ReadonlyMap<string, ReadonlyMap<string, OwnedRows>>;
}

/** The input of a plan. */
export interface PlanInput {
  readonly kinds: readonly Kind[];
  readonly desired: readonly Resource[];
  /** All rows, by kind; or, with `others`, at least those that the desired resources, their names and values are about. */
  readonly current: ReadonlyMap<string, readonly CurrentResource[]>;
  readonly others?: OtherRows | undefined;
  /** False where no database was read: `current` is empty then. */
  readonly isDatabaseKnown: boolean;
  /** The owners of the files. */
  readonly owners: readonly RunOwner[];
  /** Deletes what these owners manage and no file declares, of the kinds that their files declare. */
  readonly prune: boolean;
  readonly newId: () => string;
}
