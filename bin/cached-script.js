const { accessSync, constants, fsyncSync, closeSync, mkdirSync, openSync, readdirSync } = require("node:fs");
const { readFileSync, renameSync, rmSync, writeSync } = require("node:fs");
const { join } = require("node:path");
const { Script } = require("node:vm");

/** In seconds: in a longer run, V8 drops code that it has not used for a while. */
const longestRun = 5;

/**
 * Compiles a script, from its cache where a successful run before made it. The cache has the functions that the run used, so that
 * there is one for each `use` of the script. The folder is beside the code, not a shared temporary one: whoever may write it could change the
 * code anyway.
 */
module.exports = (source, { filename, cacheFolder, use }) => {
  const [hash] = /\w+/.exec(source);
  const name = `${hash}-${process.version}-${process.arch}-${use}`;
  const cachedData = readIfThere(join(cacheFolder, name));
  const script = new Script(source, { filename, cachedData });
  const isCached = cachedData !== undefined && script.cachedDataRejected === false;
  if (!isCached && isWritable(cacheFolder)) {
    process.on("exit", (status) => {
      if (status === 0 && process.uptime() < longestRun) write(cacheFolder, name, script.createCachedData(), hash);
    });
  }
  return script;
};

function readIfThere(file) {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

function isWritable(folder) {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** A run that starts meanwhile finds no cache or a whole one. Without a cache, all works, so that no failure matters. */
function write(folder, name, data, hash) {
  const temporary = join(folder, `${hash}-${process.pid}.tmp`);
  try {
    const descriptor = openSync(temporary, "wx");
    writeSync(descriptor, data);
    fsyncSync(descriptor);
    closeSync(descriptor);
    renameSync(temporary, join(folder, name));
    for (const other of readdirSync(folder)) if (!other.startsWith(hash)) rmSync(join(folder, other));
  } catch {
    rmSync(temporary, { force: true });
  }
}
