import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { inject, onTestFinished } from "vitest";
import { migrate } from "../../src/apply/migrate.js";
import { onServer } from "./databases.js";
import { makeSchema } from "./fresh-schemas.js";
import { temporaryFolder } from "./temporary-folder.js";

let copies = 0;
let templates = 0;

/**
 * Fills a database once, and gives a function that copies it for a test, with which the copy goes away: for tests of what a
 * database holds rather than of how it got there.
 */
export function filledDatabase(fill: (url: string) => Promise<unknown>): () => Promise<string> {
  let filled: Promise<Buffer | string> | undefined;
  return async () => {
    filled ??= inject("dialect") === "sqlite" ? filledFile(fill) : filledOnServer(fill);
    const copied = await filled;
    return typeof copied === "string" ? copyOnServer(copied) : copyOfFile(copied);
  };
}

/** The URL of a database of this version with no resources in it. A copy takes a tenth of the time of migrating one. */
export const migratedDatabase = filledDatabase((database) => migrate({ database }));

/** What such a file holds. */
async function filledFile(fill: (url: string) => Promise<unknown>): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "vtb-setup-"));
  try {
    const file = join(folder, "auth.db");
    await fill(`sqlite:${file}`);
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function copyOfFile(bytes: Buffer): string {
  const file = join(temporaryFolder(), "auth.db");
  writeFileSync(file, bytes, { mode: 0o600 });
  return `sqlite:${file}`;
}

const schema = "filled";

/** The name of this process' own one, to which nobody connects while it is copied. */
async function filledOnServer(fill: (url: string) => Promise<unknown>): Promise<string> {
  templates += 1;
  const name = `filled_${process.pid}_${templates}`;
  await onServer(`create database ${name}`);
  await fill(await makeSchema(urlOf(name), schema));
  return name;
}

async function copyOnServer(copied: string): Promise<string> {
  copies += 1;
  const name = `${copied}_${copies}`;
  onTestFinished(() => {
    dropping = dropping.then(() => drop(name));
  });
  // Copying its files takes half the time of writing each page to the log.
  await onServer(`create database ${name} template ${copied} strategy file_copy`);
  return `${urlOf(name)}?options=-csearch_path%3D${schema}`;
}

let dropping: Promise<void> = Promise.resolve();
let dropper: pg.Client | undefined;

/** Resolves when the copies are gone. The next test does not wait for it: a server that is busy with a checkpoint may take long. */
export async function copiesDropped(): Promise<void> {
  await dropping;
  await dropper?.end();
  dropper = undefined;
}

async function drop(name: string): Promise<void> {
  if (dropper === undefined) {
    dropper = new pg.Client(inject("postgresUrl"));
    await dropper.connect();
  }
  await dropper.query(`drop database ${name} with (force)`);
}

function urlOf(name: string): string {
  return inject("postgresUrl").replace(/\/postgres$/, `/${name}`);
}
