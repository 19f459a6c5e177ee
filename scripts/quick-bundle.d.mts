import type { Metafile } from "esbuild";

export function quickBundle(): Promise<{
  readonly script: string;
  /** The name of each chunk's part, by its path in an import. */
  readonly names: ReadonlyMap<string, string>;
  readonly metafile: Metafile;
}>;
