import type { SeverityOptions } from "./options.js";
import type { Extensions } from "./step-modules.js";

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
