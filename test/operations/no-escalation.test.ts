import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { apply } from "../../src/apply/apply.js";
import type { Database } from "../../src/database/database.js";
import { withLock } from "../../src/database/lock.js";
import { openDatabase } from "../../src/database/open.js";
import { sleep } from "../../src/retry.js";
import { migratedDatabase } from "../support/migrated-database.js";
import { configurationOf, runOptions } from "../support/run.js";
import { nowMs } from "./admin-world.js";
import {
  type AdminWorldParts,
  adminResources,
  adminWorldParts,
  attempts,
  findBreaches,
  finishWorld,
  type Snapshot,
  takeSnapshot,
  usernames,
} from "./no-escalation-world.js";

// More of them with this variable, such as for a night.
const numRuns = Number(process.env.VTB_SETUP_TEST_RUNS ?? 25);

const steps = fc.array(fc.tuple(fc.constantFrom(...usernames), attempts), { minLength: 8, maxLength: 14 });

interface Done {
  readonly name: string;
  readonly kind: string;
  readonly isChanged: boolean;
  readonly before: Snapshot;
  readonly after: Snapshot;
  readonly actorId: string;
}

type Step = typeof steps extends fc.Arbitrary<(infer T)[]> ? T : never;

/** Has somebody do something under the lock, and looks at what it comes to in the same transaction. */
async function carryOut(
  database: Database,
  ids: ReadonlyMap<string, string>,
  [username, attempt]: Step,
): Promise<Done | undefined> {
  const operation = await attempt.prepare();
  const userId = ids.get(username) ?? "";
  if (!operation) return undefined;
  const person = { kind: "user", userId, username, authenticatedAtMs: nowMs } as const;
  const options = { now: Date.now, newId: () => randomUUID(), timeoutMs: 10_000, sleep, hasTables: true };
  return withLock<Done>(database, options, async (tx, onRollback) => {
    const before = await takeSnapshot(tx);
    const { commit, value } = await operation(tx, person, { database, onRollback });
    const after = commit ? await takeSnapshot(tx) : before;
    return {
      commit,
      value: { name: attempt.name, kind: value.kind, isChanged: commit, before, after, actorId: userId },
    };
  });
}

async function withWorld(
  parts: AdminWorldParts,
  work: (url: string, database: Database, ids: ReadonlyMap<string, string>) => Promise<void>,
) {
  const url = await migratedDatabase();
  await apply(configurationOf(...adminResources(parts)), runOptions(url, { allow: ["LAST_ADMINISTRATOR"] }));
  const database = await openDatabase(url, "write");
  try {
    await finishWorld(database, parts);
    const users = await database.kysely.selectFrom("users").select(["id", "username"]).execute();
    await work(url, database, new Map(users.map(({ id, username }) => [username, id])));
  } finally {
    await database.close();
  }
}

describe("whatever people try at the admin pages", () => {
  it("raises nobody above them, changes nobody above them, and ends neither their way in nor the last administrator's", async () => {
    const changed = new Set<string>();
    const kinds = new Set<string>();
    const check = async (parts: AdminWorldParts, sequence: readonly Step[]) => {
      await withWorld(parts, async (_, database, ids) => {
        for (const step of sequence) {
          const done = await carryOut(database, ids, step);
          if (!done) continue;
          kinds.add(done.kind);
          if (done.isChanged) changed.add(done.name);
          expect(findBreaches(done.before, done.after, done.actorId), `${step[0]}: ${done.name}`).toEqual([]);
        }
      });
    };
    await fc.assert(fc.asyncProperty(adminWorldParts, steps, check), { numRuns, seed: 15 });
    // Not because nothing could be done.
    expect([...kinds]).toEqual(
      expect.arrayContaining(["changed", "created", "rotated", "refused", "forbidden", "unknown_names"]),
    );
    expect(changed.size).toBeGreaterThan(10);
  }, 600_000);

  it("does so too where two of them act at once", async () => {
    const pair = fc.tuple(fc.constantFrom(...usernames), attempts);
    const check = async (parts: AdminWorldParts, pairs: readonly (readonly [Step, Step])[]) => {
      await withWorld(parts, async (url, database, ids) => {
        const second = await openDatabase(url, "write");
        try {
          for (const [one, other] of pairs) {
            const first = await takeSnapshot(database.kysely);
            const both = await Promise.all([carryOut(database, ids, one), carryOut(second, ids, other)]);
            const done = both.filter((result) => result !== undefined);
            for (const { before, after, actorId } of done) expect(findBreaches(before, after, actorId)).toEqual([]);
            // Each saw what the other had done, or came first.
            const last = await takeSnapshot(database.kysely);
            expect(isInTurn(first, done, last)).toBe(true);
          }
        } finally {
          await second.close();
        }
      });
    };
    const pairs = fc.array(fc.tuple(pair, pair), { minLength: 3, maxLength: 5 });
    await fc.assert(fc.asyncProperty(adminWorldParts, pairs, check), { numRuns: Math.ceil(numRuns / 4), seed: 15 });
  }, 600_000);
});

function isInTurn(first: Snapshot, done: readonly Done[], last: Snapshot): boolean {
  const same = (one: Snapshot, other: Snapshot) =>
    JSON.stringify([...one.accounts]) === JSON.stringify([...other.accounts]);
  const follows = (order: readonly Done[]) => {
    let state = first;
    for (const { before, after } of order) {
      if (!same(state, before)) return false;
      state = after;
    }
    return same(state, last);
  };
  return follows(done) || follows([...done].reverse());
}
