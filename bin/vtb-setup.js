#!/usr/bin/env node
const { readFileSync, writeSync } = require("node:fs");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");

const quickCommands = ["validate", "plan", "apply"];
const cacheFolder = join(__dirname, "../node_modules/.cache");
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
  // Beside the code, not in the shared temporary folder: whoever may write this cache could change the code anyway.
  require("node:module").enableCompileCache?.(join(cacheFolder, "compile"));
  return import("../dist/cli.js");
}

function loadQuick() {
  const file = join(__dirname, "../dist/quick.cjs");
  const compileCached = require("./cached-script.js");
  const script = compileCached(readFileSync(file, "latin1"), {
    filename: file,
    cacheFolder: join(cacheFolder, "quick"),
    use: args[0],
  });
  return script.runInThisContext()(require, pathToFileURL(file).href, (name) => import(name));
}
