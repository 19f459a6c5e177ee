import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { noticeChange } from "../support/databases.js";
import { openForTest, resource } from "../support/run.js";
import { type Issuer, makeKey, startIssuer, type TestKey } from "../verifier/bearer/issuer.js";
import { clientOf, clientSecret, goodToken, providerOf } from "../verifier/bearer/world.js";
import { makeWorld, otherValue, token, tokenValue } from "../verifier/verifier-world.js";
import { startScraped } from "./scrape.js";

let idp: Issuer;
let key: TestKey;

beforeAll(async () => {
  key = await makeKey("RS256");
});

beforeEach(async () => {
  idp = await startIssuer();
  idp.keys = [key.jwk];
});

afterEach(() => idp.close());

const nowMs = Date.now();
const times = { iat: Math.floor(nowMs / 1000), nbf: Math.floor(nowMs / 1000), exp: Math.floor(nowMs / 1000) + 600 };
const bearer = (jti: string) => `Bearer ${goodToken(idp, key, { jti, ...times })}`;
const permission = "taken.view_externetaak";

async function makeUsual() {
  const scraped = await startScraped();
  const world = await makeWorld([providerOf(idp), clientOf(), token("forms", tokenValue)], {
    telemetry: scraped.telemetry,
  });
  const { verifier } = world;
  const ask = async (header: string | undefined, required?: string) =>
    (await verifier.authorize(header, required)).kind;
  return { ...scraped, ...world, ask };
}

describe("metrics of a verifier", () => {
  it("count each request once, by outcome, scheme and reason, whichever function it came through", async () => {
    const { verifier, ask, values, authenticate } = await makeUsual();
    const requests = () =>
      values("vtb_setup_verifier_requests_total", "vtb_setup_outcome", "vtb_setup_scheme", "error_type");
    // From the start, so that a rate can be made of the first one.
    expect(await requests()).toEqual({ "accepted token": 0, "accepted bearer": 0, anonymous: 0 });
    expect(await ask(`Token ${tokenValue}`)).toBe("allowed");
    expect(await ask(`Token ${tokenValue}`, permission)).toBe("allowed");
    expect((await authenticate(`Token ${tokenValue}`)).kind).toBe("authenticated");
    expect(await ask(bearer("1"))).toBe("allowed");
    expect((await authenticate(bearer("2"))).kind).toBe("authenticated");
    await ask(undefined);
    await authenticate(undefined);
    await ask("Basic abc");
    await ask(`Token ${otherValue}`);
    await authenticate(`Token ${otherValue}`);
    await ask("Token");
    await ask(`Token ${tokenValue}`, "taken.delete_externetaak");
    await ask(`Bearer ${goodToken(idp, key, { ...times, aud: "another" })}`);
    await verifier.authorize(`Token ${tokenValue}`, { accept: ["bearer"] });
    expect(await requests()).toEqual({
      "accepted token": 3,
      "accepted bearer": 2,
      anonymous: 3,
      "rejected token unknown_token": 2,
      "rejected token no_credentials": 1,
      "rejected bearer wrong_audience": 1,
      "rejected token scheme_not_accepted": 1,
      "forbidden token permission_missing": 1,
    });
  });

  it("count hits and misses of the caches, and show how full these are", async () => {
    const { ask, values } = await makeUsual();
    await ask(bearer("0"));
    for (const _ of [1, 2, 3]) await ask(`Token ${tokenValue}`);
    const [one, two] = [bearer("1"), bearer("2")];
    for (const header of [one, one, one, two, two]) await ask(header);
    const lookups = await values(
      "vtb_setup_verifier_cache_lookups_total",
      "vtb_setup_cache_name",
      "vtb_setup_cache_result",
    );
    expect(lookups).toMatchObject({
      "tokens hit": 2,
      "tokens miss": 1,
      "bearer_tokens hit": 3,
      "bearer_tokens miss": 3,
      "users hit": 5,
      "users miss": 1,
    });
    const entries = await values("vtb_setup_verifier_cache_entries", "vtb_setup_cache_name");
    expect(entries).toMatchObject({ tokens: 1, accepted_bearer_tokens: 2, rejected_bearer_tokens: 0, users: 1 });
    const capacity = await values("vtb_setup_verifier_cache_capacity", "vtb_setup_cache_name");
    expect(capacity).toMatchObject({ tokens: 10_000, answers: 10_000 });
  });

  it("time requests to providers, and count fetches of keys and their failures", async () => {
    const { ask, values, text, verifier } = await makeUsual();
    const name = "vtb_setup_provider_request_duration";
    const labels = ["vtb_setup_provider_endpoint", "http_response_status_code", "error_type"];
    await ask(bearer("1"));
    idp.onKeys = (response) => void response.writeHead(500).end();
    await verifier.refreshKeys();
    idp.onKeys = (response) => void response.destroy();
    await verifier.refreshKeys();
    expect(await values(`${name}_count`, ...labels)).toEqual({ "keys 200": 1, "keys 500 500": 1, "keys no_answer": 1 });
    // In seconds.
    for (const sum of Object.values(await values(`${name}_sum`, ...labels))) {
      expect(sum).toBeGreaterThan(0);
      expect(sum).toBeLessThan(5);
    }
    expect(await text()).toContain(`# TYPE ${name} histogram`);
    const of = await values(`${name}_count`, "server_address", "server_port", "http_request_method");
    expect(Object.keys(of)).toEqual([`127.0.0.1 ${new URL(idp.issuer).port} GET`]);
    const fetches = await values("vtb_setup_provider_key_fetches_total", "vtb_setup_component", "vtb_setup_outcome");
    expect(fetches).toEqual({ "verifier fetched": 1, "verifier failed": 2 });
    expect(await values("vtb_setup_provider_paused", "vtb_setup_provider_issuer")).toEqual({ [idp.issuer]: 1 });
    idp.onKeys = undefined;
    await verifier.refreshKeys();
    expect(await values("vtb_setup_provider_paused", "vtb_setup_provider_issuer")).toEqual({ [idp.issuer]: 0 });
    const ages = await values("vtb_setup_provider_keys_age", "vtb_setup_component", "vtb_setup_provider_issuer");
    expect(Object.keys(ages)).toEqual([`verifier ${idp.issuer}`]);
  });

  it("count what the database fails to answer, also where `authenticate` throws, and show whether the verifier is ready", async () => {
    const { ask, authenticate, url, values } = await makeUsual();
    await ask(`Token ${tokenValue}`);
    const { kysely } = await openForTest(url);
    expect(await values("vtb_setup_ready", "vtb_setup_component")).toEqual({ verifier: 1 });
    const { revision } = await kysely.selectFrom("setup_state").select("revision").executeTakeFirstOrThrow();
    expect(await values("vtb_setup_database_revision", "vtb_setup_component")).toEqual({ verifier: revision });
    await kysely.deleteFrom("setup_migrations").execute();
    await kysely.updateTable("setup_state").set({ revision: 9999 }).execute();
    await noticeChange();
    expect(await ask(`Token ${tokenValue}`)).toBe("refused");
    await expect(authenticate(`Token ${tokenValue}`)).rejects.toThrow("[DATABASE_OLDER]");
    const requests = await values("vtb_setup_verifier_requests_total", "vtb_setup_outcome", "error_type");
    expect(requests).toMatchObject({ "unavailable database": 2 });
    const failures = await values("vtb_setup_database_failures_total", "vtb_setup_component", "error_type");
    expect(Object.keys(failures)).toEqual(["verifier DATABASE_OLDER"]);
    expect(failures["verifier DATABASE_OLDER"]).toBeGreaterThan(0);
    expect(await values("vtb_setup_ready", "vtb_setup_component")).toEqual({ verifier: 0 });
    expect(await values("vtb_setup_database_revision")).toEqual({ "": Number.NaN });
  });

  it("show tokens that expire soon while they are used, and none that got another expiry", async () => {
    const { telemetry, values } = await startScraped();
    const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
    const policy = resource("policy", "default", {
      require_expiry: false,
      max_lifetime_seconds: null,
      warn_before_seconds: 10 * 86_400,
      unused_after_seconds: null,
    });
    const write = (days: number) => [
      policy,
      token("soon", tokenValue, { expires_at: inDays(days) }),
      token("late", otherValue, { expires_at: inDays(300) }),
    ];
    const { verifier, apply } = await makeWorld(write(3), { telemetry });
    const seen = async () => [
      await values("vtb_setup_verifier_tokens_expiring"),
      await values("vtb_setup_verifier_tokens_next_expiry"),
    ];
    expect(await seen()).toEqual([{ "": 0 }, {}]);
    for (const value of [tokenValue, otherValue]) await verifier.authorize(`Token ${value}`);
    const [count, next] = await seen();
    expect(count).toEqual({ "": 1 });
    expect(next?.[""]).toBeGreaterThan(2.9 * 86_400);
    expect(next?.[""]).toBeLessThanOrEqual(3 * 86_400);
    await apply(write(200));
    await verifier.authorize(`Token ${tokenValue}`);
    expect(await seen()).toEqual([{ "": 0 }, { "": Number.NaN }]);
  });

  it("go on from one verifier to the next, and add up where there are several", async () => {
    const { telemetry, values } = await startScraped();
    const first = await makeWorld([token("a", tokenValue)], { telemetry });
    const second = await makeWorld([token("a", tokenValue)], { telemetry, url: first.url, cacheSize: 7 });
    for (const { verifier } of [first, second, second]) await verifier.authorize(`Token ${tokenValue}`);
    const capacity = async () => (await values("vtb_setup_verifier_cache_capacity", "vtb_setup_cache_name")).tokens;
    const accepted = async () =>
      (await values("vtb_setup_verifier_requests_total", "vtb_setup_outcome", "vtb_setup_scheme"))["accepted token"];
    expect([await capacity(), await accepted()]).toEqual([10_007, 3]);
    await first.verifier.close();
    expect([await capacity(), await accepted()]).toEqual([7, 3]);
  });

  it("S89 hold no secret, and nothing of a credential", async () => {
    const { ask, text } = await makeUsual();
    const odd = "an-odd-canary-5d0f";
    for (const header of [`Token ${tokenValue}`, `Token ${odd}`, `Bearer ${odd}`, bearer("1"), `${odd} ${odd}`])
      await ask(header);
    const scraped = await text();
    expect(scraped).toContain("vtb_setup_verifier_requests_total");
    for (const secret of [tokenValue, odd, clientSecret, bearer("1").slice(7)]) expect(scraped).not.toContain(secret);
  });
});
