import type { KnipConfig } from "knip";
import { entries } from "./scripts/entries.mjs";

export default {
  entry: [
    "src/cli/main.ts!",
    ...entries.map(({ source }) => `${source}!`),
    "bench/*.{ts,mjs}",
    "bench/http/server.ts",
    "bench/support/{commander-alone,only-parse,usage}.mjs",
    "scripts/*.mjs",
    "examples/**/*.{js,mjs,ts}",
  ],
  project: [
    "bench/**/*.{ts,mjs}",
    "src/**/*.ts!",
    "test/**/*.ts",
    "scripts/**/*.mjs",
    "bin/*.js",
    "examples/**/*.{js,mjs,ts}",
  ],
  ignoreBinaries: ["script", "unshare"],
  // npm installs the last one for what it depends on.
  ignoreDependencies: ["@arethetypeswrong/cli", "publint", "sqlite-on-node-20"],
} satisfies KnipConfig;
