interface Entry {
  /** Such as `vtb-setup/verifier`. */
  readonly specifier: string;
  /** Such as `src/verifier/index.ts`. */
  readonly source: string;
  /** The name of its file in `dist`, without an extension. */
  readonly bundle: string;
  /** The path of its declarations. */
  readonly types: string;
}

export const entries: readonly Entry[];
export const adapters: readonly string[];
