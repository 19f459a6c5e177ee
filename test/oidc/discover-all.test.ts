import type { RequestListener } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { type DiscoverAllOptions, discoverProviders, type KeyedRequest } from "../../src/oidc/discover-all.js";
import { always, serve, type TestServer } from "../support/http-server.js";
import { startOpenIdProvider } from "../support/openid-provider.js";

describe("discoverProviders", () => {
  it("returns each provider's own answer", async () => {
    const [first, second] = [await provider(), await provider()];
    const broken = await serve(always(500, {}));
    const results = await discoverProviders(
      [request("a", first.discoveryEndpoint), request("b", second.discoveryEndpoint), request("c", broken.origin)],
      options(),
    );
    expect([...results.keys()].sort()).toEqual(["a", "b", "c"]);
    expect(results.get("a")).toMatchObject({ kind: "found", issuer: first.issuer });
    expect(results.get("b")).toMatchObject({ kind: "found", issuer: second.issuer });
    expect(results.get("c")).toMatchObject({ kind: "unreachable" });
  });

  it("sends no request where there is nothing to discover", async () => {
    expect(await discoverProviders([], options({ waitMs: 1000 }))).toEqual(new Map());
  });

  it("requests an endpoint once for all entries that need the same", async () => {
    const { discoveryEndpoint, issuer, requests } = await provider();
    const results = await discoverProviders(
      [request("a", discoveryEndpoint), request("b", discoveryEndpoint), request("c", issuer)],
      options(),
    );
    expect([...results.values()].map(({ kind }) => kind)).toEqual(["found", "found", "found"]);
    expect(requests).toHaveLength(1);
  });

  it("requests an endpoint again for another issuer, but never two at a time", async () => {
    const { mostAtOnce, server } = await counting();
    const results = await discoverProviders(
      [1, 2, 3].map((number) => ({ ...request(`p${number}`, server.origin), issuer: `https://${number}.example` })),
      options(),
    );
    expect(results.size).toBe(3);
    expect(server.requests).toHaveLength(3);
    expect(mostAtOnce()).toBe(1);
  });

  it("requests different endpoints at the same time", async () => {
    const { mostAtOnce, server } = await counting(3);
    await discoverProviders(
      [1, 2, 3].map((number) => request(`p${number}`, `${server.origin}/realms/${number}`)),
      options(),
    );
    expect(mostAtOnce()).toBe(3);
  });

  it("F42: requests eight at once of a hundred and four, without a warning of Node", async () => {
    const warnings: string[] = [];
    const hear = ({ name }: Error) => void warnings.push(name);
    process.on("warning", hear);
    onTestFinished(() => void process.off("warning", hear));
    const { mostAtOnce, server } = await counting(8);
    const { signal } = new AbortController();
    const many = Array.from({ length: 104 }, (_, number) => request(`p${number}`, `${server.origin}/realms/${number}`));
    const results = await discoverProviders(many, options({ signal, waitMs: 1 }));
    expect(results.size).toBe(104);
    expect(mostAtOnce()).toBe(8);
    // Node emits a warning in a later turn.
    await pause(0);
    expect(warnings).toEqual([]);
  });

  it("keeps the answers apart where only one of two issuers is the right one", async () => {
    const { discoveryEndpoint, issuer } = await provider();
    const results = await discoverProviders(
      [
        { ...request("right", issuer), issuer },
        { ...request("wrong", discoveryEndpoint), issuer: "https://b.example" },
      ],
      options(),
    );
    expect(results.get("right")?.kind).toBe("found");
    expect(results.get("wrong")?.kind).toBe("invalid");
  });
});

describe("waiting", () => {
  it("requests once when there is no time to wait", async () => {
    const { origin, requests } = await serve(always(503, {}));
    const time = fakeTime();
    const results = await discoverProviders([request("a", origin)], options({ ...time, waitMs: 0 }));
    expect(results.get("a")?.kind).toBe("unreachable");
    expect([requests.length, time.pauses]).toEqual([1, []]);
  });

  it("retries until the provider has started", async () => {
    const { discoveryEndpoint, requests } = await startingProvider(3);
    const time = fakeTime();
    const results = await discoverProviders([request("a", discoveryEndpoint)], options({ ...time, waitMs: 60_000 }));
    expect(results.get("a")?.kind).toBe("found");
    expect([requests.length, time.pauses]).toEqual([4, [500, 1000, 2000]]);
  });

  it("pauses longer and longer, at most 10 s, the last time for what remains, and then tries once more", async () => {
    const { origin, requests } = await serve(always(503, {}));
    const time = fakeTime();
    const results = await discoverProviders([request("a", origin)], options({ ...time, waitMs: 40_000 }));
    expect(results.get("a")?.kind).toBe("unreachable");
    expect(time.pauses).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000, 4500]);
    expect(requests).toHaveLength(9);
  });

  it("shortens a pause by chance to no less than half", async () => {
    const { origin } = await serve(always(503, {}));
    const time = fakeTime();
    await discoverProviders([request("a", origin)], options({ ...time, waitMs: 1000, random: () => 0 }));
    expect(time.pauses).toEqual([250, 500, 250]);
  });

  it("does not wait for what waiting can't change", async () => {
    const { origin, requests } = await serve(always(200, {}));
    const time = fakeTime();
    const results = await discoverProviders([request("a", origin)], options({ ...time, waitMs: 60_000 }));
    expect(results.get("a")?.kind).toBe("invalid");
    expect([requests.length, time.pauses]).toEqual([1, []]);
  });

  it("retries only what was unreachable", async () => {
    const { discoveryEndpoint, requests } = await startingProvider(1);
    const ready = await provider();
    const results = await discoverProviders(
      [request("starting", discoveryEndpoint), request("ready", ready.discoveryEndpoint)],
      options({ ...fakeTime(), waitMs: 60_000 }),
    );
    expect([...results.values()].map(({ kind }) => kind)).toEqual(["found", "found"]);
    expect([requests.length, ready.requests.length]).toEqual([2, 1]);
  });

  it("reports which providers are waited for, and why", async () => {
    const { discoveryEndpoint } = await startingProvider(1);
    const reported: string[] = [];
    await discoverProviders(
      [request("keycloak", discoveryEndpoint), request("backup", discoveryEndpoint)],
      options({ ...fakeTime(), waitMs: 60_000, onWaiting: (message) => reported.push(message) }),
    );
    expect(reported).toEqual(["oidc_provider keycloak, backup: the provider answered with status 503"]);
  });

  it("stops at a signal while it pauses", async () => {
    const { origin, requests } = await serve(always(503, {}));
    const stop = new AbortController();
    const sleep = (ms: number, signal?: AbortSignal) => pause(ms, undefined, signal ? { signal } : {});
    const onWaiting = () => stop.abort(new Error("stopped by the operator"));
    const results = discoverProviders(
      [request("a", origin)],
      options({ waitMs: 60_000, now: Date.now, sleep, signal: stop.signal, onWaiting }),
    );
    await expect(results).rejects.toMatchObject({ name: "AbortError" });
    expect(requests).toHaveLength(1);
  });
});

function request(key: string, discoveryEndpoint: string): KeyedRequest {
  return { key, discoveryEndpoint, timeoutMs: 5000 };
}

function options(overrides: Partial<DiscoverAllOptions> = {}): DiscoverAllOptions {
  return { waitMs: 0, random: () => 1, ...fakeTime(), ...overrides };
}

/** A clock that only pauses move. */
function fakeTime() {
  let elapsedMs = 0;
  const pauses: number[] = [];
  const sleep = (ms: number): Promise<void> => {
    pauses.push(ms);
    elapsedMs += ms;
    return Promise.resolve();
  };
  return { now: () => elapsedMs, sleep, pauses };
}

async function provider() {
  const started = await startOpenIdProvider();
  onTestFinished(() => started.close());
  return started;
}

/** A provider that answers 503 this many times first. */
async function startingProvider(failures: number): Promise<{ discoveryEndpoint: string; requests: readonly string[] }> {
  let listener: RequestListener = () => {};
  const server = await serve((incoming, response) => listener(incoming, response));
  const issuer = server.origin;
  const document = {
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
  };
  listener = (incoming, response) =>
    always(server.requests.length > failures ? 200 : 503, document)(incoming, response);
  return { discoveryEndpoint: issuer, requests: server.requests };
}

/** A server that answers no request before it has so many, and counts how many it has at once. */
async function counting(needed = 1): Promise<{ mostAtOnce: () => number; server: TestServer }> {
  let held: (() => void)[] = [];
  let most = 0;
  const server = await serve(async (incoming, response) => {
    held.push(() => always(404, {})(incoming, response));
    most = Math.max(most, held.length);
    if (held.length !== needed) return;
    // For one too many to come.
    await pause(50);
    const answers = held;
    held = [];
    for (const answer of answers) answer();
  });
  return { mostAtOnce: () => most, server };
}
