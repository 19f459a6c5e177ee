import { type SetupError, setupError } from "../errors.js";

/** A package that talks to a database is missing, or its compiled part was made for another Node: trying again does not help. */
export function driverUnusable(name: string, cause: unknown): SetupError {
  return setupError(
    "refused",
    "DATABASE_DRIVER",
    `the database driver ${name} can't be loaded by Node ${process.versions.node}: it is not installed, or was built for another Node`,
    `with this Node, run \`npm rebuild ${name}\` where vtb-setup is installed, or install again with \`npm ci\`; optional dependencies and install scripts must be allowed, and on Node 20 better-sqlite3 needs a C++ compiler`,
    { cause },
  );
}
