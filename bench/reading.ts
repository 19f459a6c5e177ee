import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apply } from "../src/apply/apply.js";
import { readDifferences } from "../src/apply/differences.js";
import { loadConfig } from "../src/apply/load.js";
import { type Connection, chunk, type Database } from "../src/database/database.js";
import { openDatabase, openLiveDatabase } from "../src/database/open.js";
import { groupNames, readGroupPage } from "../src/operations/list-groups.js";
import type { TokenFilter } from "../src/operations/list-tokens.js";
import {
  countUsers,
  ownersOfUsers,
  readUserPage,
  type UserFilter,
  type UserPage,
} from "../src/operations/list-users.js";
import { readAccessOverview, readHolders, readTokenRights, readUserRights } from "../src/operations/read-access.js";
import { type JournalFilter, readJournalChoices, readJournalPage } from "../src/operations/read-journal.js";
import { readTokenInContext } from "../src/operations/token-facts.js";
import { countTokens, readTokenOwners, readTokenPage, type TokenSort } from "../src/operations/token-page.js";
import { startPostgres } from "../test/support/postgres-server.js";
import { manyEntries } from "./support/many.js";
import { machine, median } from "./support/rounds.js";

/** What the pages of the admin read, of 10,000 tokens, 1,000 users and 100,000 recorded changes. */

const [userCount, tokenCount, changeCount] = [1000, 10_000, 100_000];
const rounds = 9;
const aimMs = 100;

const folder = mkdtempSync(join(tmpdir(), "vtb-bench-"));
const env = { VTB_SETUP_KEY: randomBytes(32).toString("hex") };

async function fill(url: string): Promise<void> {
  const file = join(folder, "config.yaml");
  writeFileSync(file, JSON.stringify(manyEntries(userCount, tokenCount)));
  const input = { env, cwd: folder, strict: false, now: new Date(), kinds: [], steps: [] };
  const loaded = await loadConfig([file], { ...input, stdin: async () => Buffer.alloc(0) });
  await apply(loaded, { database: url, env, actor: "bench", offline: true, version: "0.0.0" });
  const database = await openDatabase(url, "write", env);
  await addRuns(database.kysely);
  await addPolicy(database.kysely);
  await database.close();
}

/** By which every token's end depends on when it got its value. */
async function addPolicy(db: Connection): Promise<void> {
  const now = new Date().toISOString();
  const limits = { max_lifetime_seconds: 365 * 86_400, warn_before_seconds: null, unused_after_seconds: 180 * 86_400 };
  const policy = { id: randomUUID(), owner: "default", require_expiry: 0, ...limits } as const;
  await db
    .insertInto("owner_policies")
    .values({ ...policy, created_at: now, updated_at: now })
    .execute();
}

/** Sign-ins, which change one user each, and now and then a token. */
async function addRuns(db: Connection): Promise<void> {
  const users = await db.selectFrom("users").select(["id", "username"]).where("is_service", "=", 0).execute();
  const tokens = await db.selectFrom("api_tokens").select(["id", "identifier"]).execute();
  const begun = Date.now() - changeCount * 60_000;
  const runs = Array.from({ length: changeCount }, (_, index) => {
    const at = new Date(begun + index * 60_000).toISOString();
    const isToken = index % 10 === 0;
    const one = isToken ? tokens[(index / 10) % tokens.length] : users[index % users.length];
    const key = one && ("username" in one ? one.username : one.identifier);
    const actor = isToken ? `beheerder-${index % 7}@werkplek` : "sign-in:admin-oidc";
    const fields = isToken
      ? [{ name: "disabled", before: index % 20 === 0, after: index % 20 !== 0 }]
      : [
          { name: "email", sensitive: true },
          { name: "claim_groups", before: ["groep-1"], after: ["groep-1", "groep-2"] },
        ];
    return {
      run: {
        id: randomUUID(),
        started_at: at,
        finished_at: at,
        actor,
        through: isToken ? ("token disable" as const) : ("sign-in" as const),
        owner: "",
        version: "0.0.0",
        files: "[]",
      },
      change: {
        kind: isToken ? "api_token" : "user",
        key: key ?? "",
        id: one?.id ?? "",
        fields: JSON.stringify(fields),
      },
    };
  });
  await db.transaction().execute(async (tx) => {
    for (const batch of chunk(runs, 500)) {
      await tx
        .insertInto("runs")
        .values(batch.map(({ run }) => run))
        .execute();
      await tx
        .insertInto("run_changes")
        .values(
          batch.map(({ run, change: { id, ...change } }) => ({
            run_id: run.id,
            sequence: 0,
            action: "update",
            resource_id: id,
            recorded_at: run.finished_at,
            ...change,
          })),
        )
        .execute();
    }
  });
}

type Reading = (db: Connection, database: Database) => Promise<unknown>;

const page =
  (filter: JournalFilter): Reading =>
  (db) =>
    readJournalPage(db, filter, { limit: 50 });

const dayMs = 86_400_000;

/** All that the page of a list reads. */
const tokens =
  (filter: TokenFilter, sort: TokenSort = "name", offset = 0): Reading =>
  async (db, database) => {
    await readTokenPage(database, filter, { sort, isDescending: true, offset, limit: 50 }, Date.now());
    await countTokens(db, {}, { expiringWithinMs: 30 * dayMs, unusedForMs: 90 * dayMs }, Date.now());
    await readTokenOwners(db);
  };

const unusedForMs = 90 * dayMs;
const firstPage = { isDescending: false, offset: 0, limit: 50 };

const users =
  (filter: UserFilter, more: Partial<UserPage> = {}): Reading =>
  async (db) => {
    await readUserPage(db, filter, { ...firstPage, sort: "username", ...more }, Date.now());
    await countUsers(db, unusedForMs, Date.now());
    await groupNames(db);
    await ownersOfUsers(db);
  };

const readings: Readonly<Record<string, Reading>> = {
  "history, the newest": page({}),
  "history, far back": (db) => {
    const after = { at: new Date(Date.now() - 0.9 * changeCount * 60_000).toISOString(), runId: "f", sequence: 0 };
    return readJournalPage(db, {}, { after, limit: 50 });
  },
  "history of a kind with few changes": page({ kind: "oidc_client" }),
  "history of one user": page({ entry: { kind: "user", key: "user-500" } }),
  "history of one token": page({ entry: { kind: "api_token", key: "application-9000" } }),
  "history by a part of a name, which few have": page({ text: "groep-1" }),
  "history by a part of a name, which none has": page({ text: "nobody" }),
  "history by actor": page({ actor: "beheerder-3" }),
  "history by actor, without any": page({ actor: "nobody" }),
  "history through what nothing was": page({ through: "key rotate" }),
  "history of deletions, of which there are none": page({ action: "delete" }),
  "history of a period": page({ sinceMs: Date.now() - 86_400_000 * 40, untilMs: Date.now() - 86_400_000 * 39 }),
  "the choices of the filter": readJournalChoices,
  "what differs from the files": (db) => readDifferences(db),
  "what differs of one user": (db) => readDifferences(db, { kind: "user", key: "user-500" }),
  "what differs of one token": (db) => readDifferences(db, { kind: "api_token", key: "application-500" }),
  "tokens, by name": tokens({}),
  "tokens, by name, far back": tokens({}, "name", 9900),
  "tokens, by their last use": tokens({}, "used"),
  "tokens, by their end under a policy": tokens({}, "expires"),
  "tokens, by state": tokens({}, "state"),
  "tokens that are active and unused": tokens({ state: "active", unusedForMs: 90 * dayMs }, "used"),
  "tokens, searched": tokens({ search: "cation-99" }),
  "tokens, searched without finding any": tokens({ search: "nobody" }),
  "one token": (db) => readTokenInContext(db, "application-9001", Date.now()),
  "users, with their counters": users({}),
  "users, by when they were last seen": users({}, { sort: "seen", isDescending: true }),
  "users, by a part of a name": users({ search: "user-9" }),
  "users that were not seen for 90 days": users({ unusedForMs }),
  "users with those of tokens, the last page": users(
    { includesService: true },
    { offset: userCount + tokenCount / 2 - 50 },
  ),
  groups: (db) => readGroupPage(db, { ...firstPage, sort: "members", search: undefined }, Date.now()),
  "access, at one glance": (db) => readAccessOverview(db, Date.now()),
  "access of one user": (db) => readUserRights(db, "user-500", Date.now()),
  "access of one token": (db) => readTokenRights(db, "application-9001", Date.now()),
  "access by a permission": (db) => readHolders(db, "berichten.view_bericht", Date.now()),
};

async function measure(url: string): Promise<ReadonlyMap<string, number>> {
  await fill(url);
  const database = await openLiveDatabase(url, "read", { env });
  const figures = new Map<string, number>();
  for (const [name, read] of Object.entries(readings)) {
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const begun = performance.now();
      await read(database.kysely, database);
      times.push(performance.now() - begun);
    }
    figures.set(name, median(times));
  }
  await database.close();
  return figures;
}

const server = await startPostgres();
try {
  const file = await measure(`sqlite:${join(folder, "auth.db")}`);
  const served = await measure(server.url);
  console.log(`### Reading for pages\n\n${machine()}, medians of ${rounds}, in milliseconds; the aim is < ${aimMs}.\n`);
  console.log("| page | SQLite | PostgreSQL |\n|---|---:|---:|");
  for (const [name, ms] of file) console.log(`| ${name} | ${ms.toFixed(1)} | ${served.get(name)?.toFixed(1)} |`);
} catch (error) {
  // The server waits for connections that a failure left open.
  console.error(error);
  process.exitCode = 1;
} finally {
  await server.remove();
  rmSync(folder, { recursive: true, force: true });
}
