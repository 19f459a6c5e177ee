import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { startPostgres } from "./support/postgres-server.js";

/** Bundles the sources and starts the server before the tests; gives what ends it. */
export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const starting = startPostgres();
  bundle();
  const server = await starting;
  provide("postgresUrl", server.url);
  return server.remove;
}

/** For the tests that start the real command. A broken build fails these tests and no others. */
function bundle(): void {
  const root = fileURLToPath(new URL("..", import.meta.url));
  try {
    execFileSync(process.execPath, ["scripts/build.mjs", "--bundle-only"], { cwd: root, stdio: "inherit" });
  } catch {
    rmSync(`${root}/dist/cli.js`, { force: true });
    rmSync(`${root}/dist/index.js`, { force: true });
  }
}
