import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Installs the newest Node of a major version in a folder, from npm's registry. */
export function installNode(major, folder) {
  const name = `node-${process.platform}-${process.arch}`;
  const prefix = join(folder, `node-${major}`);
  mkdirSync(prefix);
  execFileSync("npm", ["install", "--prefix", prefix, "--no-save", `${name}@${major}`], {
    cwd: folder,
    stdio: ["ignore", process.stderr, "inherit"],
  });
  const home = join(prefix, "node_modules", name);
  const env = { ...process.env, PATH: [join(home, "bin"), process.env.PATH].join(delimiter) };
  // Native packages are built against the headers of the Node that will load them.
  if (existsSync(join(home, "include"))) env.npm_config_nodedir = home;
  return { bin: join(home, "bin/node"), env };
}
