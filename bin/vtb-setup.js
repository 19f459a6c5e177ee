#!/usr/bin/env node
const { readFileSync, writeSync } = require("node:fs");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");

const quickCommands = ["validate", "plan", "apply"];
const cacheFolder = join(__dirname, "../node_modules/.cache");
const script = join(__dirname, "../dist/quick.cjs");
const args = process.argv.slice(2);

// Each command sets its status: one that stops without is no success. Node ends a module so.
process.once("exit", () => {
  process.exitCode ??= 13;
});
if (!isVersionShown()) start();

function isVersionShown() {
  if (args.length !== 1 || !["--version", "-V"].includes(args[0])) return false;
  try {
    writeSync(1, `${require("../package.json").version}\n`);
  } catch {
    // The command says what is wrong.
    return false;
  }
  process.exitCode = 0;
  return true;
}

async function start() {
  // A step's own module imports the package, and shares its modules with the command. Help uses little of the code to be cached.
  const isQuick = quickCommands.includes(args[0]) && !args.some((arg) => /^(?:--steps|--help|-h$)/.test(arg));
  const { main } = isQuick ? loadQuick() : await loadAll();
  await main(process);
}

function loadAll() {
  const { preparePrivate } = require("./cached-script.js");
  const folder = join(cacheFolder, "compile");
  // What Node makes in it is for one user, and the umask may let others write it.
  if (preparePrivate(folder, script, 0o700)) require("node:module").enableCompileCache?.(folder);
  return import("../dist/cli.js");
}

function loadQuick() {
  const { compileCached } = require("./cached-script.js");
  const compiled = compileCached(readFileSync(script, "latin1"), {
    filename: script,
    cacheFolder: join(cacheFolder, "quick"),
    use: args[0],
  });
  return compiled.runInThisContext()(require, pathToFileURL(script).href, (name) => import(name));
}
