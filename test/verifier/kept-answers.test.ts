import { describe, expect, it, onTestFinished } from "vitest";
import { apply } from "../../src/apply/apply.js";
import type { LiveDatabase } from "../../src/database/live-database.js";
import { openLiveDatabase } from "../../src/database/open.js";
import { createLruCache } from "../../src/lru-cache.js";
import type { Resource } from "../../src/plan/resource.js";
import { prepareUserLookup } from "../../src/users/principal.js";
import { type TokenContext, verifyToken } from "../../src/verifier/authenticate-token.js";
import { readPrincipal, type UserContext } from "../../src/verifier/authenticate-user.js";
import { prepareTokenLookup } from "../../src/verifier/read-token.js";
import { createExpiryWatch, prepareTokenPolicies } from "../../src/verifier/token-policies.js";
import { createTokenRates } from "../../src/verifier/token-use.js";
import { migratedDatabase } from "../support/migrated-database.js";
import { configurationOf, openForTest, runOptions } from "../support/run.js";
import { token, tokenValue, user } from "./verifier-world.js";

const nowMs = Date.parse("2026-03-01T12:00:00.000Z");

/** A database that says this, and its real look-ups, whose next answer can be held back after it was read. */
async function makeReader(...resources: readonly Resource[]) {
  const url = await migratedDatabase();
  const write = async (...changed: readonly Resource[]) => {
    await apply(configurationOf(...changed), runOptions(url));
  };
  await write(...resources);
  const database: LiveDatabase = await openLiveDatabase(url, "read");
  onTestFinished(() => database.close());
  let gate: { readonly open: Promise<void>; readonly wasRead: () => void } | undefined;
  return {
    url,
    database,
    write,
    holding:
      <T>(read: (key: string) => T | Promise<T>) =>
      async (key: string): Promise<T> => {
        const answer = await read(key);
        gate?.wasRead();
        await gate?.open;
        return answer;
      },
    /** Holds the next answer: `read` resolves once it is read, and `letGo` releases it. */
    hold: () => {
      let letGo = () => {};
      let wasRead = () => {};
      const open = new Promise<void>((done) => {
        letGo = done;
      });
      const read = new Promise<void>((done) => {
        wasRead = done;
      });
      gate = { open, wasRead };
      return {
        read,
        letGo: () => {
          gate = undefined;
          letGo();
        },
      };
    },
  };
}

type Reader = Awaited<ReturnType<typeof makeReader>>;

/** The state that the database is said to be in; `change` says that it is another one. */
function makeState() {
  let state = { revision: 0 };
  return {
    current: () => state,
    change: () => {
      state = { revision: state.revision + 1 };
    },
  };
}

function openTokens({ database, holding }: Reader) {
  const { current, change } = makeState();
  const tokens: TokenContext = {
    changes: { current },
    read: holding(prepareTokenLookup(database, () => nowMs)),
    policies: prepareTokenPolicies(database),
    rates: createTokenRates(10),
    expiries: createExpiryWatch(1, () => {}),
    known: createLruCache(10),
    lastUsed: { note: () => {}, close: async () => {} },
    now: () => nowMs,
  };
  return { ask: async () => verifyToken(tokens, tokenValue, undefined), forget: change };
}

async function openUsers({ url, database, holding }: Reader) {
  const { kysely } = await openForTest(url);
  const { id } = await kysely.selectFrom("users").select("id").executeTakeFirstOrThrow();
  const { current, change } = makeState();
  const users: UserContext = {
    read: holding(prepareUserLookup(database, () => nowMs)),
    known: createLruCache(10),
    now: () => nowMs,
  };
  const accepted = { kind: "accepted", userId: id, clientIdentifier: "api-oidc", revision: 0 } as const;
  return { ask: async () => readPrincipal(users, accepted, current()), forget: change };
}

describe("F15 what was read before a change", () => {
  it.each([
    ["a token", "a revoked one", openTokens],
    ["a user", "an inactive one", openUsers],
  ])("of %s is not kept after it, so that %s is rejected at the next request", async (_of, _rejected, open) => {
    const reader = await makeReader(user("jan"), token("a", tokenValue, { user: "jan" }));
    const { hold, write } = reader;
    const { ask: authenticate, forget } = await open(reader);
    const ask = async () => (await authenticate()).kind;
    const held = hold();
    const under = ask();
    await held.read;
    await write(user("jan", { is_active: false }));
    forget();
    held.letGo();
    // It was asked while the user was active.
    expect(await under).toBe("authenticated");
    expect(await ask()).toBe("rejected");
    await write(user("jan", { is_active: true }));
    expect(await ask()).toBe("authenticated");
    // What was read without a change in between is kept.
    await write(user("jan", { is_active: false }));
    expect(await ask()).toBe("authenticated");
    forget();
    expect(await ask()).toBe("rejected");
  });
});
