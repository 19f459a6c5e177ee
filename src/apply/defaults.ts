import { randomUUID } from "node:crypto";
import { defaultDatabaseUrl } from "../database/open.js";
import { version } from "../version.js";
import type { LoadOptions } from "./load-options.js";
import type { ApplyOptions, RunOptions } from "./options.js";

/** What a program that says nothing gets: the same as the command line. Standard input is not read. */
export function loadDefaults(): LoadOptions {
  return {
    steps: [],
    kinds: [],
    env: process.env,
    cwd: process.cwd(),
    strict: false,
    allow: [],
    deny: [],
    stdin: () => Promise.resolve(Buffer.alloc(0)),
    now: new Date(),
  };
}

export function runDefaults(): RunOptions {
  return {
    database: defaultDatabaseUrl,
    owner: "default",
    prune: false,
    strict: false,
    allow: [],
    deny: [],
    waitMs: 0,
    offline: false,
    env: process.env,
    now: () => new Date(),
    newId: () => randomUUID(),
    onWaiting: () => {},
    onProgress: () => {},
  };
}

export function applyDefaults(): ApplyOptions {
  return {
    ...runDefaults(),
    actor: "vtb-setup",
    version,
    lockTimeoutMs: 30_000,
    migrate: true,
    beforeGenerating: () => {},
    beforeCommit: () => Promise.resolve(),
    leftBehind: { exists: () => false, settle: () => Promise.resolve() },
  };
}
