import { escapeControls } from "../characters.js";
import type { EntryWriter } from "../config/entry-writer.js";
import { knownFormat, settingsKey, writePolicy } from "../config/settings-schema.js";
import type { Step } from "../config/step.js";
import type { Database } from "../database/database.js";
import { requireTables } from "../database/migrate.js";
import { setupError } from "../errors.js";
import { nearestField } from "../nearest.js";
import type { CurrentResource, Kind, ReadContext } from "../plan/kind.js";
import type { AttributeValue, PlainValue, ResourceName } from "../plan/resource.js";
import { stepInvalid } from "../plan/step-mistakes.js";
import { policy } from "../resources/kinds.js";
import { coreKinds, coreSteps } from "../resources/registry.js";
import { isSecret } from "../secrets/secret.js";
import { openVault } from "../secrets/vault.js";
import { version } from "../version.js";
import { writeYaml } from "../yaml/write.js";
import { withGivenByHand } from "./given-by-hand.js";
import type { DatabaseOptions } from "./options.js";
import { readState } from "./read-plan.js";
import { readAll } from "./read-wanted.js";
import { runDefaults, withDatabase } from "./run.js";
import { sanitize } from "./sanitize.js";
import type { Extensions } from "./step-modules.js";

export interface ExportOptions extends DatabaseOptions, Extensions {
  /** `all`: each owner's entries, and those that no file manages. */
  readonly owner: { readonly kind: "one"; readonly name: string } | { readonly kind: "all" };
  /** The names of kinds; all of them where it is empty. */
  readonly kindNames: readonly string[];
  /** Replaces names, addresses and hosts, for a reader who may not know them. */
  readonly sanitize: boolean;
}

/** A file that declares what one owner manages in a database. */
export interface ExportedFile {
  /** Null for what no file manages. */
  readonly owner: string | null;
  readonly text: string;
  readonly entries: number;
  /** The variables that it takes secrets from. */
  readonly variables: readonly ExportedVariable[];
}

export interface ExportedVariable {
  readonly name: string;
  readonly kind: string;
  readonly key: string;
}

/**
 * Writes what a database holds as files. They hold no secret: tokens are digests, and other secrets come from variables.
 *
 * @throws SetupError also `COMMAND_LINE` (usage) for an owner that manages nothing, or an unknown kind
 */
export async function exportDatabase(given: Partial<ExportOptions>): Promise<readonly ExportedFile[]> {
  const all = { kind: "all" } as const;
  const options = {
    ...runDefaults(),
    steps: [],
    kinds: [],
    kindNames: [],
    sanitize: false,
    ...given,
    owner: given.owner ?? all,
  };
  const steps = [...coreSteps, ...options.steps];
  const kinds = [...coreKinds, ...options.kinds];
  const parts = writableParts(steps);
  requireKinds(
    options.kindNames,
    parts.map(({ writer }) => writer.kind),
  );
  const contents = await withDatabase(options, "read", async (found) => {
    const database = await requireTables(found);
    const transaction = database.kysely.transaction().setIsolationLevel("repeatable read").setAccessMode("read only");
    return transaction.execute(async (tx) => {
      await database.beginWork(tx);
      const vault = openVault({
        env: options.env,
        keyFile: database.keyFile,
        storedKeyId: (await readState(tx)).keyId,
      });
      return readContents({ db: tx, vault }, kinds);
    });
  });
  const { rows } = contents;
  const requested = parts.filter(
    ({ writer }) => options.kindNames.length === 0 || options.kindNames.includes(writer.kind),
  );
  const owners = ownersOf([...rows.values()].flat());
  const chosen = options.owner.kind === "all" ? owners : [options.owner.name];
  for (const owner of chosen) if (!owners.includes(owner)) throw unknownOwner(owner, owners);
  for (const kind of kinds) {
    // It is no entry of a step.
    const isWritable = kind.name === policy.name || parts.some(({ writer }) => writer.kind === kind.name);
    const isWanted = options.kindNames.length === 0 && rows.get(kind.name)?.some(({ owner }) => chosen.includes(owner));
    if (isWanted && !isWritable) throw withoutWriter(kind);
  }
  if (!options.sanitize) return chosen.map((owner) => writeFile(owner, requested, contents));
  const sanitized = sanitize(kinds, rows);
  const replaced = { ...contents, rows: sanitized.rows, isSanitized: true };
  return chosen.map((owner) => writeFile(owner === null ? null : sanitized.ownerFor(owner), requested, replaced));
}

async function readContents({ db, vault }: ReadContext, kinds: readonly Kind[]): Promise<Contents> {
  const ended = await Promise.all(kinds.map((kind) => kind.ended?.({ db, vault }) ?? []));
  const rows = await withGivenByHand(db, (await readAll({ db, vault }, kinds)).current);
  return { rows, ended: new Set(ended.flatMap((ids) => [...ids])), isSanitized: false };
}

/** Some entries as text for a file. */
interface WrittenFile extends Omit<ExportedFile, "owner"> {
  /** Those that are not there, or that no file can declare. */
  readonly missing: readonly ResourceName[];
}

/**
 * What a file has to say to declare these entries, as YAML, under no owner: tokens by their digests, other secrets from variables. Of
 * what no file manages, it also has what people gave it by hand, so that a file can take it over.
 *
 * @throws SetupError where an OpenID client's secrets can't be opened with the sealing key
 */
export async function entriesAsYaml(
  { kysely, keyFile }: Pick<Database, "kysely" | "keyFile">,
  env: ExportOptions["env"],
  names: readonly ResourceName[],
): Promise<WrittenFile> {
  const wanted = (kind: Pick<Kind, "name">) => names.filter((name) => name.kind === kind.name).map(({ key }) => key);
  const kinds = coreKinds.filter((kind) => wanted(kind).length > 0);
  const parts = writableParts(coreSteps).filter(({ writer }) => kinds.some(({ name }) => name === writer.kind));
  const { rows: current, ended } = await readContents({ db: kysely, vault: openVault({ env, keyFile }) }, kinds);
  const found = new Map(
    kinds
      .filter(({ name }) => parts.some(({ writer }) => writer.kind === name))
      .map((kind) => [kind.name, (current.get(kind.name) ?? []).filter(({ key }) => wanted(kind).includes(key))]),
  );
  const all = [...found].flatMap(([kind, rows]) => rows.map(({ id, key }) => ({ kind, id, key })));
  const written = writeEntries(null, parts, found);
  const { root, entries } = written;
  const variables = written.variables.map(({ what: _, ...variable }) => variable);
  const comment = [
    ...secretsComment(variables),
    ...all
      .filter(({ id }) => ended.has(id))
      .map(
        ({ kind, key }) =>
          `A command ended it here; in another database, it would work: ${kind} ${escapeControls(key)}`,
      ),
  ];
  const missing = names.filter(({ kind, key }) => !all.some((row) => row.kind === kind && row.key === key));
  return { text: writeYaml(root, comment), entries, variables, missing };
}

/** The lists of entries that these steps can write. */
export function writableParts(steps: readonly Step[]): readonly Part[] {
  return steps.flatMap((step) => (step.writers ?? []).map((writer) => ({ step, writer })));
}

function requireKinds(given: readonly string[], known: readonly string[]): void {
  for (const name of given) {
    if (known.includes(name)) continue;
    const near = nearestField(name, known);
    const hint = near === undefined ? `the kinds are ${known.join(", ")}` : `did you mean ${near}?`;
    throw setupError("usage", "COMMAND_LINE", "there is no such kind to export", hint);
  }
}

/** Sorted; null comes last. */
function ownersOf(rows: readonly CurrentResource[]): readonly (string | null)[] {
  const names = new Set(rows.map(({ owner }) => owner));
  const owned = [...names].filter((name) => name !== null).sort();
  return names.has(null) ? [...owned, null] : owned;
}

function unknownOwner(owner: string | null, owners: readonly (string | null)[]): Error {
  const known = owners.filter((name) => name !== null);
  const hint = known.length === 0 ? "no owner manages anything in it" : `its owners are ${known.join(", ")}`;
  return setupError("usage", "COMMAND_LINE", `the owner ${owner} manages nothing in this database`, hint);
}

function withoutWriter({ name, step }: Kind): Error {
  const hint = "give the step `writers` for the kind, or name the kinds to export";
  return stepInvalid(`the step ${step ?? name} can't export its kind ${name}: it has no writer for it`, hint);
}

/** What is read from the database. */
interface Contents {
  readonly rows: ReadonlyMap<string, readonly CurrentResource[]>;
  readonly ended: ReadonlySet<string>;
  readonly isSanitized: boolean;
}

/** What a writer needs of a row. */
type WritableRow = Pick<CurrentResource, "key" | "attributes" | "settings">;

/** A list of entries in the files of a step. */
interface Part {
  readonly step: Step;
  readonly writer: EntryWriter;
}

function writeFile(owner: string | null, parts: readonly Part[], { rows, ended, isSanitized }: Contents): ExportedFile {
  const managed = new Map([...rows].map(([kind, all]) => [kind, all.filter((row) => row.owner === owner)]));
  const leftOut = parts.flatMap(({ writer: { kind } }) =>
    (managed.get(kind) ?? []).flatMap(({ id, key }) => (ended.has(id) ? [`${kind} ${key}`] : [])),
  );
  // A file whose entries are all left out still has to be one that can be applied.
  const own = new Map(
    [...managed].flatMap(([kind, all]) =>
      all.length === 0 ? [] : [[kind, all.filter(({ id }) => !ended.has(id))] as const],
    ),
  );
  const written = writeEntries(owner, parts, own);
  const { root, entries } = written;
  const variables = written.variables.map(({ what: _, ...variable }) => variable);
  const comment = commentOf({ owner, entries, variables }, leftOut, isSanitized);
  return { owner, entries, variables, text: writeYaml(root, comment) };
}

interface WrittenEntries {
  readonly root: Readonly<Record<string, PlainValue>>;
  readonly entries: number;
  readonly variables: readonly EntryVariable[];
}

interface EntryVariable extends ExportedVariable {
  /** Which secret of its entry it holds, such as `CLIENT_SECRET`. */
  readonly what: string;
}

/** What a file says to declare these rows, by kind, of which it declares nothing else; `owner` is null where it names none. */
export function writeEntries(
  owner: string | null,
  parts: readonly Part[],
  rows: ReadonlyMap<string, readonly WritableRow[]>,
): WrittenEntries {
  const variables: EntryVariable[] = [];
  const root: Record<string, PlainValue> = {};
  if (owner !== null) root[settingsKey] = { format: knownFormat, owner, ...policyIn(rows) };
  let entries = 0;
  for (const { step, writer } of parts) {
    const own = rows.get(writer.kind);
    if (own === undefined) continue;
    entries += own.length;
    const list = own.map((row) => entryOf(writer, row, variables));
    const namespace = root[step.namespace];
    root[step.flag] = true;
    root[step.namespace] = { ...(typeof namespace === "object" ? namespace : {}), [writer.list]: list };
  }
  return { root, entries, variables };
}

/** Without it, the file would end the policy. */
function policyIn(rows: ReadonlyMap<string, readonly WritableRow[]>): { readonly policy?: PlainValue } {
  const [stored] = rows.get(policy.name) ?? [];
  if (!stored) return {};
  const seconds = (name: string) => {
    const value = stored.attributes[name];
    return typeof value === "number" ? value : undefined;
  };
  const written = writePolicy({
    requireExpiry: stored.attributes.require_expiry === true,
    maxLifetimeSeconds: seconds("max_lifetime_seconds"),
    warnBeforeSeconds: seconds("warn_before_seconds"),
    unusedAfterSeconds: seconds("unused_after_seconds"),
  });
  return { policy: written };
}

function entryOf(writer: EntryWriter, row: WritableRow, variables: EntryVariable[]): PlainValue {
  const variable = (what: string): PlainValue => {
    const wish = `${writer.kind}_${row.key}_${what}`.toUpperCase().replace(/[^A-Z0-9]+/g, "_");
    const isTaken = (name: string) => variables.some((other) => other.name === name);
    let name = wish;
    for (let number = 2; isTaken(name); number += 1) name = `${wish}_${number}`;
    variables.push({ name, kind: writer.kind, key: row.key, what });
    return { value_from: { env: name } };
  };
  const fields = Object.entries(writer.write(row, variable)).filter(
    ([, value]) => value !== undefined && value !== null,
  );
  const written = fields.map(([name, value]): [string, PlainValue] => [name, plain(name, value)]);
  if (row.settings?.protect) written.push(["protect", true]);
  if (row.settings?.renamedFrom) written.push(["renamed_from", row.settings.renamedFrom]);
  return Object.fromEntries(written);
}

/** @throws TypeError for a secret: a mistake in a step's code, which must not show it */
function plain(name: string, value: AttributeValue): PlainValue {
  if (isSecret(value) || value === undefined) throw new TypeError(`the field ${name} is a secret`);
  return value;
}

function commentOf(
  { owner, entries, variables }: Omit<ExportedFile, "text">,
  leftOut: readonly string[],
  isSanitized: boolean,
): readonly string[] {
  const count = entries === 1 ? "1 entry" : `${entries} entries`;
  const whose = owner === null ? "that no file manages" : `of the owner ${escapeControls(owner)}`;
  return [
    `${count} ${whose}, exported by vtb-setup ${version}.`,
    "Tokens are digests of their values. Passwords, sessions and replaced values that still work are not in this file.",
    ...(isSanitized
      ? ["Names, addresses, hosts and digests are replaced by random ones, each everywhere by the same."]
      : []),
    ...leftOut.map((name) => `Left out, since a command ended it: ${escapeControls(name)}`),
    ...secretsComment(variables),
  ];
}

function secretsComment(variables: readonly ExportedVariable[]): readonly string[] {
  const named = variables.map(({ name, kind, key }) => `  ${name}: ${kind} ${escapeControls(key)}`);
  return named.length === 0 ? [] : ["It takes secrets from these variables:", ...named];
}
