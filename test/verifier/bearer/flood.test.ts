import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createGuardedFetch, type GuardedFetch } from "../../../src/oidc/guarded-fetch.js";
import { FetchFailure } from "../../../src/oidc/network-error.js";
import type { BearerOutcome } from "../../../src/verifier/bearer-outcome.js";
import { makeWorld as makeVerifierWorld, problemIn } from "../verifier-world.js";
import { type Issuer, json, startIssuer } from "./issuer.js";
import { clientOf, makeWorld, providerOf } from "./world.js";

let idp: Issuer;
/** What the provider was asked about, in that order. */
let asked: string[];
/** Lets those go that were held: the first of them, or all. */
let releaseFirst: () => void;
let release: () => void;

beforeEach(async () => {
  idp = await startIssuer();
  asked = [];
  releaseFirst = () => {};
  release = () => {};
});

afterEach(() => idp.close());

const provider = () => providerOf(idp, "idp", { introspection_endpoint: `${idp.issuer}/introspect` });

/** Good tokens are answered at once, those that begin with `bad` when they are released, and the last ones at once after that. */
function holdBadOnes(): void {
  let isHeld = true;
  const held: (() => void)[] = [];
  idp.onIntrospection = (response, form) => {
    const token = form.get("token") ?? "";
    asked.push(token);
    const isBad = token.startsWith("bad");
    const answer = () => json(response, isBad ? { active: false } : { active: true, client_id: "api", sub: "u-1" });
    if (isBad && isHeld) held.push(answer);
    else answer();
  };
  releaseFirst = () => held.shift()?.();
  release = () => {
    isHeld = false;
    for (const answer of held) answer();
  };
}

type Unavailable = Extract<BearerOutcome, { kind: "unavailable" }>;

// However busy the machine is.
const patient = { timeout: 20_000 };
const named = (count: number, name: string) => Array.from({ length: count }, (_, index) => `${name}-${index}`);
const kinds = async (outcomes: readonly (BearerOutcome | Promise<BearerOutcome>)[]) =>
  (await Promise.all(outcomes)).map(({ kind }) => kind);

describe("S99 a flood of unknown tokens", () => {
  it("F3: from 20 sources keeps out no known token, and no new one of another source", async () => {
    holdBadOnes();
    const world = await makeWorld([provider(), clientOf()]);
    const { authority } = world;
    const ask = (token: string, source: string) => authority.authenticate(token, { source });
    const known = named(60, "known");
    expect(await kinds(known.map((token) => ask(token, "office")))).toEqual(Array(60).fill("accepted"));
    // Their answers are a minute old, and have to be asked for again.
    world.clock += 60_000;
    const turnedAway: Unavailable[] = [];
    const flood = named(20, "attacker").flatMap((source) =>
      named(150, `bad-${source}`).map(async (token) => {
        const outcome = await ask(token, source);
        if (outcome.kind === "unavailable" && outcome.reason !== "closed") turnedAway.push(outcome);
      }),
    );
    await expect.poll(() => asked.length, patient).toBe(60 + 50);
    expect(await kinds(known.map((token) => ask(token, "office")))).toEqual(Array(60).fill("accepted"));
    asked.length = 0;
    const fresh = named(20, "visitor").flatMap((source) =>
      named(5, `new-${source}`).map((token) => ask(token, source)),
    );
    release();
    expect(await kinds(fresh)).toEqual(Array(100).fill("accepted"));
    // The source with the fewest running is next: the first of each visitor goes before nearly all that waited.
    const firstOfEach = named(20, "visitor").map((source) =>
      asked.findIndex((token) => token.startsWith(`new-${source}-`)),
    );
    expect(Math.max(...firstOfEach)).toBeLessThan(100);
    // 50 were at the provider and 1000 waited, of which the visitors' requests displaced 100.
    expect(turnedAway).toHaveLength(3000 - 50 - 900);
    expect(turnedAway.every(({ isCausedByCaller }) => isCausedByCaller)).toBe(true);
    await authority.close();
    await Promise.all(flood);
  });

  it("F3: has at most 50 requests at once, and of one source half of them", async () => {
    holdBadOnes();
    const world = await makeWorld([provider(), clientOf()]);
    const ask = (token: string, source: string) => world.authority.authenticate(token, { source });
    const one = named(200, "bad-one").map((token) => ask(token, "192.0.2.1"));
    await expect.poll(() => asked.length, patient).toBe(25);
    // An address of IPv6 counts by its network.
    const other = named(30, "bad-other").map((token, index) => ask(token, `2001:db8:1:2::${index}`));
    await expect.poll(() => asked.length, patient).toBe(50);
    // A third waits for its turn, which is the next one: it has least under way.
    const third = ask("good", "192.0.2.3");
    expect(asked).toHaveLength(50);
    releaseFirst();
    await expect.poll(() => asked.length, patient).toBeGreaterThan(50);
    expect(asked[50]).toBe("good");
    release();
    expect(await third).toMatchObject({ kind: "accepted" });
    expect((await kinds(one)).filter((kind) => kind === "unavailable")).toHaveLength(200 - 25 - 100);
    expect((await kinds(other)).filter((kind) => kind === "unavailable")).toEqual([]);
  });

  it("F3: turns away who waited for ten seconds", async () => {
    holdBadOnes();
    const world = await makeWorld([provider(), clientOf()]);
    const ask = (token: string) => world.authority.authenticate(token, { source: "192.0.2.1" });
    const first = named(26, "bad").map(ask);
    await expect.poll(() => asked.length, patient).toBe(25);
    world.clock += 9999;
    const recent = ask("good");
    world.clock += 1;
    release();
    expect(await kinds(first)).toEqual([...Array(25).fill("rejected"), "unavailable"]);
    expect(await recent).toMatchObject({ kind: "accepted" });
  });

  it("F3: does not evict valid tokens from the cache", async () => {
    holdBadOnes();
    release();
    const world = await makeWorld([provider(), clientOf()], { cacheSize: 10 });
    await world.authenticate("good");
    for (const token of named(40, "bad")) expect(await world.authenticate(token)).toMatchObject({ kind: "rejected" });
    expect(world.authority.authenticate("good")).toMatchObject({ kind: "accepted" });
    world.authority.reload();
    await world.authenticate("good");
    expect(asked.filter((token) => token === "good")).toHaveLength(1);
  });
});

describe("S99 a token that the provider does not answer", () => {
  it("F3: for lack of a connection, while others had one, does not open the circuit breaker", async () => {
    holdBadOnes();
    release();
    const guarded = createGuardedFetch({ timeoutMs: 5000 });
    let fail = (): void => {};
    const failed = new Promise<void>((resolve) => {
      fail = resolve;
    });
    const fetch: GuardedFetch = async (url, init) => {
      if (!String(init?.body).includes("lost")) return guarded(url, init);
      await failed;
      throw new FetchFailure(true, "the server did not answer in time", "look at this machine's load");
    };
    const world = await makeWorld([provider(), clientOf()], { fetch });
    const lost = world.authenticate("lost");
    expect(await world.authenticate("good-1")).toMatchObject({ kind: "accepted" });
    fail();
    expect(await lost).toMatchObject({ kind: "unavailable", isCausedByCaller: false });
    expect(await world.authenticate("good-2")).toMatchObject({ kind: "accepted" });
    expect(await world.authenticate("lost-2")).toMatchObject({ kind: "unavailable" });
    expect(await world.authenticate("good-3")).toMatchObject({ kind: "unavailable" });
  });

  it("F3: is a failed attempt of its source, and what others send is not", async () => {
    idp.onIntrospection = (response, form) =>
      form.get("token")?.startsWith("bad")
        ? void response.writeHead(500).end()
        : json(response, { active: true, client_id: "api", sub: "u-1" });
    const { verifier } = await makeVerifierWorld([provider(), clientOf()], { failureLimit: { perMinute: 3 } });
    const statuses: number[] = [];
    const send = (token: string, source: string) => verifier.authenticate(`Bearer ${token}`, { source: () => source });
    for (const token of named(5, "bad")) statuses.push(problemIn(await send(token, "192.0.2.1")).status);
    expect(statuses).toEqual([503, 503, 503, 429, 429]);
    expect(await send("good", "192.0.2.2")).toMatchObject({ kind: "authenticated" });
    for (const token of named(3, "other"))
      expect(await send(token, "192.0.2.2")).toMatchObject({ kind: "authenticated" });
    expect(await send("last", "192.0.2.2")).toMatchObject({ kind: "authenticated" });
  });
});
