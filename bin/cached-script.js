const { createHash } = require("node:crypto");
const { accessSync, constants, fsyncSync, closeSync, mkdirSync, openSync, readdirSync } = require("node:fs");
const { readFileSync, renameSync, rmSync, statSync, writeSync } = require("node:fs");
const { dirname, join } = require("node:path");
const { Script } = require("node:vm");

const digestLength = 32;

/** In seconds: in a longer run, V8 drops code that it has not used for a while. */
const longestRun = 5;

/**
 * Compiles a script, from its cache where a successful run before made it. The cache has the functions that the run used, so that
 * there is one for each `use` of the script. The folder is beside the code, not a shared temporary one, and is only used where those who may
 * write it could change the code anyway.
 */
function compileCached(source, { filename, cacheFolder, use }) {
  const [hash] = /\w+/.exec(source);
  const name = `${hash}-${process.version}-${process.arch}-${use}`;
  const isSafe = preparePrivate(cacheFolder, filename);
  const cachedData = isSafe ? readWhole(join(cacheFolder, name)) : undefined;
  const script = new Script(source, { filename, cachedData });
  const isCached = cachedData !== undefined && script.cachedDataRejected === false;
  if (!isCached && isSafe && isWritable(cacheFolder)) {
    process.on("exit", (status) => {
      if (status === 0 && process.uptime() < longestRun) write(cacheFolder, name, script.createCachedData(), hash);
    });
  }
  return script;
}

/** V8 checks only the length of what is cached, and a part that the disk has lost would crash it. */
function readWhole(file) {
  try {
    const bytes = readFileSync(file);
    const data = bytes.subarray(0, -digestLength);
    return digestOf(data).equals(bytes.subarray(-digestLength)) ? data : undefined;
  } catch {
    return undefined;
  }
}

function digestOf(data) {
  return createHash("sha256").update(data).digest();
}

/**
 * Makes a folder that only its owner can write, whatever the umask. Returns whether it is there, and none but those who may write the
 * code's folder may write this one or the one that it stands in.
 */
function preparePrivate(folder, code, mode = 0o755) {
  try {
    mkdirSync(dirname(folder), { recursive: true, mode: 0o755 });
    mkdirSync(folder, { recursive: true, mode });
    const others = 0o022 & ~statSync(dirname(code)).mode;
    return [folder, dirname(folder)].every((each) => (statSync(each).mode & others) === 0);
  } catch {
    return false;
  }
}

function isWritable(folder) {
  try {
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
    const descriptor = openSync(temporary, "wx", 0o644);
    writeSync(descriptor, Buffer.concat([data, digestOf(data)]));
    fsyncSync(descriptor);
    closeSync(descriptor);
    renameSync(temporary, join(folder, name));
    for (const other of readdirSync(folder)) if (!other.startsWith(hash)) rmSync(join(folder, other));
  } catch {
    rmSync(temporary, { force: true });
  }
}

module.exports = { compileCached, preparePrivate };
