import type { z } from "zod";
import type { DiagnosticCode } from "../errors.js";
import type { Attributes } from "../plan/resource.js";

/** A path inside a step's namespace, such as `["items", 0, "email"]`. */
export type ConfigPath = readonly (string | number)[];

/** A resource that a step declares. */
export interface StepResource {
  readonly kind: string;
  readonly key: string;
  /** `absent`: it must not exist. */
  readonly state?: "present" | "absent";
  /** What the kind calls its attributes; `undefined` leaves one as it is. */
  readonly attributes: Attributes;
  readonly path: ConfigPath;
  /** The paths of attributes that are not fields themselves, relative to `path`. */
  readonly fields?: Readonly<Record<string, ConfigPath>>;
}

/** A diagnostic of a valid configuration, or of what its schema alone can't refuse. */
export interface StepDiagnostic {
  readonly severity: "error" | "warning";
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly hint?: string;
  readonly path: ConfigPath;
}

/** A part of the configuration file: when its flag is true, its namespace's content is declared. */
export interface Step {
  /** The root key that turns the step on. */
  readonly flag: string;
  /** The root key that holds its configuration. */
  readonly namespace: string;
  readonly title: string;
  /** The kinds that it declares; pruning looks at these. */
  readonly kinds: readonly string[];
  readonly schema: z.ZodType;
  readonly declare: (config: unknown) => readonly StepResource[];
  readonly review: (config: unknown, now: Date) => readonly StepDiagnostic[];
  /** How to write an entry whose fields stand directly under the namespace. */
  readonly explainFlat?: ((names: readonly string[]) => string) | undefined;
}

/** A step as its author writes it: `declare` and `review` are pure and get the schema's output. */
export interface StepDefinition<Schema extends z.ZodType> {
  readonly flag: string;
  readonly namespace: string;
  readonly title: string;
  readonly kinds: readonly string[];
  readonly schema: Schema;
  readonly declare: (config: z.output<Schema>) => readonly StepResource[];
  readonly review?: (config: z.output<Schema>, now: Date) => readonly StepDiagnostic[];
  readonly explainFlat?: (names: readonly string[]) => string;
}

/** Creates a step. Its fields are plain zod, with `secret()` for values that must never be shown. */
export function defineStep<Schema extends z.ZodType>(definition: StepDefinition<Schema>): Step {
  const { declare, review } = definition;
  return {
    ...definition,
    // The engine passes a step only the output of its own schema.
    declare: (config) => declare(config as z.output<Schema>),
    review: (config, now) => review?.(config as z.output<Schema>, now) ?? [],
  };
}
