import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { inject, onTestFinished } from "vitest";
import { migrate } from "../../src/apply/migrate.js";
import { onServer } from "./databases.js";
import { makeSchema } from "./fresh-schemas.js";
import { temporaryFolder } from "./temporary-folder.js";

let template: Promise<Buffer | string> | undefined;
let copies = 0;

/**
 * The URL of a database of this version with no resources in it, which goes away with the test. It is copied, which takes a tenth of
 * the time of migrating one: for tests of what a database holds rather than of how its tables are made.
 */
export async function migratedDatabase(): Promise<string> {
  template ??= inject("dialect") === "sqlite" ? migratedFile() : migratedOnServer();
  const copied = await template;
  return typeof copied === "string" ? copyOnServer(copied) : copyOfFile(copied);
}

/** What such a file holds. */
async function migratedFile(): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "vtb-setup-"));
  try {
    const file = join(folder, "auth.db");
    await migrate({ database: `sqlite:${file}` });
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

const schema = "migrated";

/** The name of this process' own one, to which nobody connects while it is copied. */
async function migratedOnServer(): Promise<string> {
  const name = `migrated_${process.pid}`;
  await onServer(`create database ${name}`);
  await migrate({ database: await makeSchema(urlOf(name), schema) });
  return name;
}

async function copyOnServer(copied: string): Promise<string> {
  copies += 1;
  const name = `${copied}_${copies}`;
  onTestFinished(() => {
    dropping = dropping.then(() => drop(name));
  });
  await onServer(`create database ${name} template ${copied}`);
  return `${urlOf(name)}?options=-csearch_path%3D${schema}`;
}

let dropping: Promise<void> = Promise.resolve();

/** Resolves when the copies are gone. The next test does not wait for it: a server that is busy with a checkpoint may take long. */
export function copiesDropped(): Promise<void> {
  return dropping;
}

async function drop(name: string): Promise<void> {
  const client = new pg.Client(inject("postgresUrl"));
  await client.connect();
  await client.query(`drop database ${name} with (force)`).finally(() => client.end());
}

function urlOf(name: string): string {
  return inject("postgresUrl").replace(/\/postgres$/, `/${name}`);
}
