import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apply } from "../src/apply/apply.js";
import { loadConfig } from "../src/apply/load.js";
import { withLock } from "../src/database/lock.js";
import { openDatabase } from "../src/database/open.js";
import { changeEntries, prepareEntries } from "../src/operations/change-entries.js";
import type { Person } from "../src/operations/person.js";
import { changeMembershipsAs } from "../src/operations/person-memberships.js";
import { createTokenAs, switchTokensAs } from "../src/operations/person-tokens.js";
import { activateUsersAs, deactivateUsersAs } from "../src/operations/person-users.js";
import { sleep } from "../src/retry.js";
import { createSignRun } from "../src/secrets/journal-key.js";
import { startPostgres } from "../test/support/postgres-server.js";
import { manyEntries } from "./support/many.js";
import { machine, median } from "./support/rounds.js";

/** What people change at the admin's pages, beside 10,000 tokens and 1,000 users. Each change is guarded and committed. */

const [userCount, tokenCount] = [1000, 10_000];
const rounds = 7;

const folder = mkdtempSync(join(tmpdir(), "vtb-bench-"));
const env = { VTB_SETUP_KEY: randomBytes(32).toString("hex") };
const sign = createSignRun({ env, keyFile: undefined });
const options = { now: Date.now, newId: () => randomUUID(), through: "admin", sign } as const;
type Work = Parameters<typeof withLock<{ readonly kind: string }>>[2];

async function measure(url: string): Promise<ReadonlyMap<string, number>> {
  await apply(await loadConfig([{ ...manyEntries(userCount, tokenCount) }]), { database: url, env, offline: true });
  const database = await openDatabase(url, "write", env);
  const users = await database.kysely.selectFrom("users").select(["id", "username"]).execute();
  const personOf = (username: string): Person => {
    const userId = users.find((user) => user.username === username)?.id ?? "";
    return { kind: "user", userId, username, authenticatedAtMs: Date.now() };
  };
  const [root, staff] = [personOf("user-0"), personOf("user-1")];
  const group = (round: number) => ({
    groups_config: { items: [{ name: "nieuw", permissions: [`taken.view_taak${round}`] }] },
  });
  const changes: Readonly<Record<string, (round: number) => Work | Promise<Work>>> = {
    "a token, made for oneself": (round) => (tx) =>
      createTokenAs(
        tx,
        staff,
        { for: { kind: "self" }, identifier: `eigen-${round}`, permissions: ["berichten.view_bericht"] },
        options,
      ),
    "a token, disabled or enabled by a superuser": (round) => (tx) =>
      switchTokensAs(tx, root, { identifiers: ["application-9000"], enabled: round % 2 !== 0 }, options),
    "a user, deactivated or activated": (round) => (tx) =>
      (round % 2 === 0 ? deactivateUsersAs : activateUsersAs)(tx, staff, { usernames: ["user-21"] }, options),
    "a membership": (round) => (tx) =>
      changeMembershipsAs(
        tx,
        staff,
        { username: "user-21", ...(round % 2 === 0 ? { add: [{ group: "groep-8" }] } : { remove: ["groep-8"] }) },
        options,
      ),
    "a group, by the form of a superuser": async (round) => {
      const given = { env, now: () => new Date(), newId: options.newId, offline: true };
      const ready = await prepareEntries(group(round), given);
      if (ready.kind === "invalid") throw new Error(JSON.stringify(ready));
      return (tx, onRollback) => changeEntries(tx, ready, root, { ...options, database, env, onRollback });
    },
  };
  const figures = new Map<string, number>();
  const lock = { now: Date.now, newId: options.newId, timeoutMs: 10_000, sleep, hasTables: true };
  for (const [name, change] of Object.entries(changes)) {
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const work = await change(round);
      const begun = process.cpuUsage();
      const { kind } = await withLock(database, lock, work);
      const { user, system } = process.cpuUsage(begun);
      times.push((user + system) / 1000);
      if (kind !== "changed" && kind !== "created") throw new Error(`${name}: ${kind}`);
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
  console.log(
    `### Changes by people\n\n${machine()}, medians of ${rounds}, in milliseconds of processor time of this process.\n`,
  );
  console.log("| change | SQLite | PostgreSQL |\n|---|---:|---:|");
  for (const [name, ms] of file) console.log(`| ${name} | ${ms.toFixed(1)} | ${served.get(name)?.toFixed(1)} |`);
} finally {
  await server.remove();
  rmSync(folder, { recursive: true, force: true });
}
