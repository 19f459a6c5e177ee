import { readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";

const packageJson: { version: string } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));

export default defineConfig({
  define: { VTB_SETUP_VERSION: JSON.stringify(packageJson.version) },
  test: {
    environment: "node",
    pool: "forks",
    maxWorkers: "100%",
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/global-setup.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // The continuous integration adds up its counts.
    reporters: ["default", ["json", { outputFile: "node_modules/.cache/vitest-report.json" }]],
  },
});
