import type { Problem } from "../errors.js";
import type { Kind } from "../plan/kind.js";
import type { Resource } from "../plan/resource.js";
import type { Finding } from "../yaml/node.js";

/** A configuration that is valid: what its files declare, ready to be planned or applied. */
export interface Configuration {
  readonly resources: readonly Resource[];
  readonly kinds: readonly Kind[];
  /** The kinds that its enabled steps declare. */
  readonly declaredKinds: ReadonlySet<string>;
  readonly files: readonly { readonly file: string; readonly sha256: string }[];
  readonly warnings: readonly Problem[];
  /** It was read without its variables and secret files (`noEnv`), and can be planned but not applied. */
  readonly withoutEnv?: boolean;
  /** Adds source lines to what later stages find, secrets masked. */
  readonly quote: (findings: readonly Finding[]) => readonly Problem[];
}
