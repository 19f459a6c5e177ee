import { sql, type Transaction } from "kysely";
import type { LockingOptions } from "../apply/options.js";
import { beginRun, lockOptions, type RunTimes, withDatabase } from "../apply/run.js";
import { checkpoint } from "../apply/wait.js";
import { anyTables, type Connection, type Database } from "../database/database.js";
import { type LockedResult, withLock } from "../database/lock.js";
import { appliedMigrations, requireMigrated, requireTables } from "../database/migrate.js";
import type { Tables } from "../database/tables.js";
import type { ChangeRecord } from "../database/write-rows.js";
import { type Diagnostic, setupError } from "../errors.js";
import { coreKinds } from "../resources/registry.js";
import { readSealedValues, type SealedValue } from "../resources/sealed-values.js";
import { keyPrefixLength, signedWith, signRun } from "../secrets/journal-key.js";
import { type Keys, type LoadedKeys, loadKeys, loadNamedKeys } from "../secrets/key.js";
import { createVault, keyIdOf, sealedWith } from "../secrets/vault.js";
import { type Actor, recordRun } from "./record.js";

/** A sealing key: one that this program has, or one that something is sealed with. */
export interface KeyUse {
  /** The first eight digits of its id, which reveals nothing about the key. */
  readonly fingerprint: string;
  /** How many values are sealed with it. */
  readonly values: number;
  /** New values are sealed with it. */
  readonly isCurrent: boolean;
  /** The variable or file that it was read from; null for a key that this program does not have. */
  readonly from: string | null;
  /** It is older than the current one, and neither a value nor a signature in the record of runs needs it. */
  readonly isRemovable: boolean;
}

export interface KeyStatus {
  readonly keys: readonly KeyUse[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads which key seals how many values. What can't be opened is among the diagnostics.
 *
 * @throws SetupError where the database or a configured key can't be read
 */
export function keyStatus(options: LockingOptions): Promise<KeyStatus> {
  return withDatabase(options, "read", async (found) => {
    const database = await requireTables(found);
    const loaded = loadKeys({ env: options.env, keyFile: database.keyFile, mode: "read" });
    const state = await readSeals(database, database.kysely);
    const diagnostics = [...database.warnings, ...unopened(state.values, loaded?.keys)];
    return { keys: keyUses(state, loaded), diagnostics };
  });
}

interface Seals {
  readonly values: readonly SealedValue[];
  readonly storedKeyId: string | null;
  /** The ids of the keys that signed runs since the last rotation, which covers those before. */
  readonly journalKeyIds: ReadonlySet<string>;
}

async function readSeals(database: Database, db: Connection): Promise<Seals> {
  const state = await db.selectFrom("setup_state").select("key_id").executeTakeFirst();
  return {
    values: await readSealedValues(database, db, coreKinds),
    storedKeyId: state?.key_id ?? null,
    journalKeyIds: await readJournalKeyIds(db),
  };
}

async function readJournalKeyIds(db: Connection): Promise<ReadonlySet<string>> {
  const signed = db.selectFrom("runs").where("signature", "is not", null);
  const rotation = await signed
    .select((eb) => eb.fn.max("number").as("number"))
    .where("through", "=", "key rotate")
    .executeTakeFirst();
  const prefix = sql<string>`substr(signature, 1, ${keyPrefixLength})`.as("prefix");
  const rows = await signed
    .select(prefix)
    .distinct()
    .where("number", ">", rotation?.number ?? 0)
    .execute();
  return new Set(rows.flatMap((row) => signedWith(row.prefix) ?? []));
}

function keyUses({ values, storedKeyId, journalKeyIds }: Seals, loaded: LoadedKeys | undefined): readonly KeyUse[] {
  const held = (loaded?.keys ?? []).map(keyIdOf);
  const current = storedKeyId ?? held[0];
  const uses = values.flatMap(({ sealed }) => sealedWith(sealed) ?? []);
  const ids = new Set([...held, ...(storedKeyId === null ? [] : [storedKeyId]), ...uses]);
  return [...ids].map((id) => {
    const count = uses.filter((use) => use === id).length;
    const place = held.indexOf(id);
    const isHeld = place >= 0;
    // A key in front of the current one is to be the next one.
    const isOlder = current !== undefined && held.includes(current) && place > held.indexOf(current);
    return {
      fingerprint: fingerprintOf(id),
      values: count,
      isCurrent: id === current,
      from: isHeld ? (loaded?.file ?? "VTB_SETUP_KEY") : null,
      isRemovable: isOlder && count === 0 && !journalKeyIds.has(id),
    };
  });
}

function fingerprintOf(keyId: string): string {
  return keyId.slice(0, 8);
}

const maxNamed = 10;

/** An error that names the values that none of the keys opens. */
export function unopened(values: readonly SealedValue[], keys: Keys | undefined): readonly Diagnostic[] {
  const ring = keys && createVault(keys);
  const closed = values.filter(({ sealed, purpose }) => {
    try {
      ring?.open(sealed, purpose);
      return ring === undefined;
    } catch {
      return true;
    }
  });
  if (closed.length === 0) return [];
  const named = closed.slice(0, maxNamed).map(({ name }) => name);
  const more = closed.length > maxNamed ? `, and ${closed.length - maxNamed} more` : "";
  return [
    {
      severity: "error",
      code: "KEY_MISMATCH",
      message: `no key opens ${closed.length === 1 ? "this sealed value" : `these ${closed.length} sealed values`}: ${named.join(", ")}${more}`,
      hint: "put the earlier key back beside the others; without it, restore a backup, or delete the database and apply the files again",
    },
  ];
}

export interface RotateOptions extends LockingOptions, Actor {
  /** The file whose first key is the new one. */
  readonly newKeyFile: string;
}

export interface KeyRotation {
  readonly command: "key rotate";
  readonly outcome: "applied" | "unchanged";
  /** The fingerprint of the new key. */
  readonly fingerprint: string;
  /** How many values were sealed again. */
  readonly values: number;
  readonly changes: readonly ChangeRecord[];
  readonly diagnostics: readonly Diagnostic[];
  readonly run: RunTimes;
}

/**
 * Seals every sealed value again with a new key, in one transaction under the lock, or changes nothing. Its run in the journal is signed
 * with the new key, and so covers those that were signed with others.
 *
 * @throws SetupError `KEY_MISMATCH` (refused) where a value can't be opened, `KEY_NOT_SHARED` (refused) where the key file beside the
 * database lacks the new key, and where a key or the database can't be read
 */
export async function rotateKey(options: RotateOptions): Promise<KeyRotation> {
  const { finish } = beginRun("key rotate", options);
  const [newKey] = loadNamedKeys(options.newKeyFile, "--new-key-file").keys;
  const newKeyId = keyIdOf(newKey);
  const isDone = ({ values, storedKeyId, journalKeyIds }: Seals): boolean =>
    (storedKeyId ?? newKeyId) === newKeyId &&
    values.every(({ sealed }) => sealedWith(sealed) === newKeyId) &&
    [...journalKeyIds].every((id) => id === newKeyId);
  const unchanged = (diagnostics: readonly Diagnostic[]): KeyRotation =>
    finish({ outcome: "unchanged", fingerprint: fingerprintOf(newKeyId), values: 0, changes: [], diagnostics });
  const first = await withDatabase(options, "read", async (found) => {
    const database = await requireTables(found);
    return { isDone: isDone(await readSeals(database, database.kysely)), diagnostics: database.warnings };
  });
  if (first.isDone) return unchanged(first.diagnostics);
  return withDatabase(options, "write", (database) =>
    withLock(database, lockOptions(options, true), async (tx): Promise<LockedResult<KeyRotation>> => {
      requireMigrated(await appliedMigrations(tx));
      const seals = await readSeals(database, tx);
      if (isDone(seals)) return { commit: false, value: unchanged(first.diagnostics) };
      const loaded = loadKeys({ env: options.env, keyFile: database.keyFile, mode: "read" });
      const diagnostics = [...first.diagnostics, ...checkShared(newKey, loaded, database)];
      const change = await sealAgain(tx, seals, [newKey, ...(loaded?.keys ?? [])]);
      const done = { fingerprint: change.key, values: seals.values.length, changes: [change], diagnostics };
      const value = finish({ outcome: "applied" as const, ...done });
      // Covers every run before, also those that only the old key can check.
      await recordRun(tx, value, options, change, (digest) => signRun(newKey, digest));
      await checkpoint(options.signal);
      return { commit: true, value };
    }),
  );
}

/** Programs that read the same keys as this one could open nothing any more if they lacked the new key. */
function checkShared(newKey: Buffer, loaded: LoadedKeys | undefined, database: Database): readonly Diagnostic[] {
  if (loaded?.keys.some((key) => key.equals(newKey))) return [];
  const isBeside = loaded === undefined || (loaded.file !== undefined && loaded.file === database.keyFile);
  const from = isBeside ? database.keyFile : (loaded.file ?? "VTB_SETUP_KEY");
  const message = `${from} does not have the new key`;
  if (isBeside) {
    const hint = "put the new key on its first line, before the others, then retry";
    throw setupError("refused", "KEY_NOT_SHARED", message, hint);
  }
  const hint = "add it there before the next run; every program that reads the client secrets needs it";
  return [{ severity: "warning", code: "KEY_NOT_SHARED", message, hint }];
}

/** Seals all values with the first of the keys, and records which key that is. */
async function sealAgain(tx: Transaction<Tables>, { values, storedKeyId }: Seals, keys: Keys): Promise<ChangeRecord> {
  const [closed] = unopened(values, keys);
  if (closed) throw setupError("refused", closed.code, closed.message, closed.hint);
  const ring = createVault(keys);
  for (const { table, id, column, sealed, purpose } of values) {
    const again = ring.seal(ring.open(sealed, purpose), purpose);
    await anyTables(tx)
      .updateTable(table)
      .set({ [column]: again })
      .where("id", "=", id)
      .execute();
  }
  // Where nothing is sealed, a program without the key must not be told that it lacks one.
  if (values.length > 0 || storedKeyId !== null) {
    await tx.updateTable("setup_state").set({ key_id: ring.keyId }).where("id", "=", 1).execute();
  }
  const fingerprint = fingerprintOf(ring.keyId);
  return {
    action: "update",
    kind: "sealing_key",
    key: fingerprint,
    id: "1",
    fields: [
      { name: "fingerprint", before: storedKeyId && fingerprintOf(storedKeyId), after: fingerprint },
      { name: "sealed_values", before: null, after: values.length },
    ],
  };
}
