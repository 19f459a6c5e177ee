import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
  let filled: Promise<Files | string> | undefined;
  return async () => {
    filled ??= inject("dialect") === "sqlite" ? filledFile(fill) : filledOnServer(fill);
    const copied = await filled;
    return typeof copied === "string" ? copyOnServer(copied) : copyOfFile(copied);
  };
}

/** The URL of a database of this version with no resources in it. A copy takes a tenth of the time of migrating one. */
export const migratedDatabase = filledDatabase((database) => migrate({ database }));

/** A database's file, and its key's where it has one, by their names. */
type Files = ReadonlyMap<string, Buffer>;

async function filledFile(fill: (url: string) => Promise<unknown>): Promise<Files> {
  const folder = mkdtempSync(join(tmpdir(), "vtb-setup-"));
  try {
    await fill(`sqlite:${join(folder, "auth.db")}`);
    return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function copyOfFile(files: Files): string {
  const folder = temporaryFolder();
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes, { mode: 0o600 });
  return `sqlite:${join(folder, "auth.db")}`;
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
