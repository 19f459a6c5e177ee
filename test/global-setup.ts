import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Bundles the sources before the tests, which start the real command. A broken build fails these tests and no others. */
export function setup(): void {
  const root = fileURLToPath(new URL("..", import.meta.url));
  try {
    execFileSync(process.execPath, ["scripts/build.mjs", "--bundle-only"], { cwd: root, stdio: "inherit" });
  } catch {
    rmSync(`${root}/dist/cli.js`, { force: true });
    rmSync(`${root}/dist/index.js`, { force: true });
  }
}
