import { describe, expect, it, onTestFinished } from "vitest";
import { openLiveDatabase } from "../../src/database/open.js";
import { createLruCache } from "../../src/lru-cache.js";
import { prepareUserLookup } from "../../src/users/principal.js";
import { authenticate, type VerifierContext } from "../../src/verifier/authenticate.js";
import type { BearerContext } from "../../src/verifier/bearer/authenticate.js";
import type { BearerOutcome } from "../../src/verifier/bearer-outcome.js";
import type { VerifierEvent } from "../../src/verifier/event.js";
import { createProblems } from "../../src/verifier/problem.js";
import { prepareTokenLookup } from "../../src/verifier/read-token.js";
import { createExpiryWatch, prepareTokenPolicies } from "../../src/verifier/token-policies.js";
import { createTokenRates } from "../../src/verifier/token-use.js";
import { openForTest } from "../support/run.js";
import { makeWorld, principalIn, problemIn, token, tokenValue, user } from "./verifier-world.js";

type Answer = BearerOutcome | Promise<BearerOutcome>;

/** What becomes of verified bearer credentials, over a real database with the user jan. */
async function makeAuthenticate() {
  const world = await makeWorld([user("jan", { permissions: ["taken.view_externetaak"] }), token("a", tokenValue)]);
  const database = await openLiveDatabase(world.url, "read");
  onTestFinished(() => database.close());
  const jan = await (await openForTest(world.url)).kysely
    .selectFrom("users")
    .select("id")
    .where("username", "=", "jan")
    .executeTakeFirstOrThrow();
  const events: VerifierEvent[] = [];
  let answer: Answer = { kind: "rejected", reason: "malformed" };
  let reloads = 0;
  const state = await database.changes.current();
  const lastUsed = { note: () => {}, close: async () => {} };
  // Every credential is known, with the answer that a test gives; a reload drops what is known.
  const bearer = {
    now: Date.now,
    loadedFor: state,
    generation: 0,
    get cache() {
      return {
        configuration: { retryAtMs: Number.POSITIVE_INFINITY },
        accepted: { get: () => ({ outcome: answer, keepUntilMs: Number.POSITIVE_INFINITY }) },
      };
    },
    set cache(_dropped: unknown) {
      reloads += 1;
    },
  } as unknown as BearerContext;
  const verifier: VerifierContext = {
    bearer,
    changes: database.changes,
    tokens: {
      changes: database.changes,
      read: prepareTokenLookup(database, Date.now),
      policies: prepareTokenPolicies(database),
      rates: createTokenRates(10),
      expiries: createExpiryWatch(1, () => {}),
      known: createLruCache(10),
      lastUsed,
      now: Date.now,
    },
    users: { read: prepareUserLookup(database, Date.now), known: createLruCache(10), now: Date.now },
    scheme: undefined,
    problems: createProblems("api", "nl"),
    report: (event) => events.push(event),
    takeEndedUse: () => true,
    maxHeaderLength: 1000,
    failures: undefined,
  };
  const accepted: BearerOutcome = {
    kind: "accepted",
    userId: jan.id,
    clientIdentifier: "api-oidc",
    revision: state.revision,
  };
  return {
    world,
    events,
    accepted,
    userId: jan.id,
    revision: state.revision,
    reloads: () => reloads,
    ask: (next: Answer) => {
      answer = next;
      return authenticate(verifier, "Bearer a.b.c", undefined);
    },
  };
}

describe("Bearer", () => {
  it("gives the user that was accepted, with its permissions, at once or later", async () => {
    const { ask, accepted } = await makeAuthenticate();
    const first = await ask(accepted);
    const atOnce = ask(accepted);
    expect(atOnce).toEqual(first);
    const principal = principalIn(await atOnce);
    expect(principal).toMatchObject({
      scheme: "bearer",
      credential: "api-oidc",
      user: { username: "jan", isService: false },
    });
    expect([...principal.permissions]).toEqual(["taken.view_externetaak"]);
    expect(await ask(Promise.resolve(accepted))).toEqual(await atOnce);
  });

  it("distinguishes two clients' principals of one user", async () => {
    const { ask, accepted } = await makeAuthenticate();
    expect(principalIn(await ask(accepted)).credential).toBe("api-oidc");
    expect(principalIn(await ask({ ...accepted, clientIdentifier: "other" })).credential).toBe("other");
    expect(principalIn(await ask(accepted)).credential).toBe("api-oidc");
  });

  it("refuses an inactive user, at the next request", async () => {
    const { ask, accepted, world, events } = await makeAuthenticate();
    principalIn(await ask(accepted));
    await world.apply([user("jan", { is_active: false })]);
    const { detail, instance } = problemIn(await ask(accepted)).body;
    expect(detail).toBe("Gebruiker inactief of verwijderd.");
    expect(events).toEqual([
      { kind: "rejected", scheme: "bearer", reason: "inactive_user", username: "jan", instance },
    ]);
  });

  it("refuses a user that is not there any more", async () => {
    const { ask, accepted, events } = await makeAuthenticate();
    expect(problemIn(await ask({ ...accepted, userId: "gone" })).status).toBe(401);
    principalIn(await ask(accepted));
    expect(events).toMatchObject([{ reason: "unknown_user" }]);
  });

  it("reads a user again that was written for this very request", async () => {
    const { ask, accepted, world, userId, revision } = await makeAuthenticate();
    principalIn(await ask(accepted));
    const { kysely } = await openForTest(world.url);
    await kysely
      .insertInto("user_permissions")
      .values({ user_id: userId, permission: "just.now", origin: "claim" })
      .execute();
    expect(principalIn(await ask(accepted)).hasPermission("just.now")).toBe(false);
    expect(principalIn(await ask({ ...accepted, revision: revision + 1 })).hasPermission("just.now")).toBe(true);
  });

  it("reloads the authority's configuration after a change, before it is asked", async () => {
    const { ask, accepted, world, reloads } = await makeAuthenticate();
    principalIn(await ask(accepted));
    expect(reloads()).toBe(0);
    await world.apply([user("piet")]);
    principalIn(await ask(accepted));
    expect(reloads()).toBe(1);
  });

  it("A10.75 answers 401 to a refused token, whatever the reason", async () => {
    const { ask, events } = await makeAuthenticate();
    const problem = problemIn(await ask({ kind: "rejected", reason: "expired" }));
    expect(problem).toMatchObject({
      status: 401,
      headers: { "WWW-Authenticate": 'Bearer realm="api", error="invalid_token", Token realm="api"' },
      body: { code: "authentication_failed", detail: "Token verification failed" },
    });
    expect(events).toEqual([
      { kind: "rejected", scheme: "bearer", reason: "expired", instance: problem.body.instance },
    ]);
  });

  it("S50 answers 503 with Retry-After, not 401, where the provider could not be asked", async () => {
    const { ask, events, accepted } = await makeAuthenticate();
    const problem = problemIn(await ask({ kind: "unavailable", reason: "keys_unavailable", retryAfterSeconds: 7 }));
    expect(problem).toMatchObject({
      status: 503,
      headers: { "Retry-After": "7" },
      body: { code: "service_unavailable" },
    });
    expect(problem.headers).not.toHaveProperty("WWW-Authenticate");
    expect(events).toEqual([{ kind: "unavailable", reason: "keys_unavailable", instance: problem.body.instance }]);
    principalIn(await ask(accepted));
  });
});
