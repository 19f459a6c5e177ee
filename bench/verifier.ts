import * as crypto from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { loadSqliteDriver } from "../src/database/sqlite/driver.js";
import { createTelemetry, type Telemetry } from "../src/telemetry/create-telemetry.js";
import { createVerifier } from "../src/verifier/create-verifier.js";
import { fresh } from "./support/issuer.js";
import { type Contender, measureRounds, perCpuSecond } from "./support/rounds.js";
import { printTable } from "./support/table.js";
import { apiTokenAt, makeWorld, type World } from "./support/world.js";

/** Checks of API tokens, beside a bare `crypto.hash` and a prepared look-up of token and user in the same file. */

const tokenCount = 5000;
const rounds = 9;
const warmUp = 2;
/** The difference is small, so it takes more of them to see. */
const telemetryRounds = 41;

type Check = (header: string) => unknown;

/** What an API would do at least that keeps digests: no expiry, permissions or changes are looked at. */
function makeBare({ file }: World) {
  const Driver = loadSqliteDriver();
  const sqlite = new Driver(file, { readonly: true });
  const statement = sqlite.prepare(
    "SELECT t.id, t.permissions, t.expires_at, u.id AS user_id, u.username, u.is_active, u.is_superuser " +
      "FROM api_tokens t JOIN users u ON u.id = t.user_id WHERE t.digest = ?",
  );
  const check: Check = (header) => {
    const row = statement.get(crypto.hash("sha256", header.slice(6), "hex"));
    if (!row) throw new Error("expected a known token");
  };
  return { check, close: () => sqlite.close() };
}

async function makeOurs({ file }: World, cacheSize: number, telemetry?: Telemetry) {
  const verifier = await createVerifier({ database: `sqlite:${file}`, clients: [], cacheSize, telemetry, env: {} });
  const check: Check = (header) => {
    const outcome = verifier.authenticate(header);
    if (outcome instanceof Promise || outcome.kind !== "authenticated")
      throw new Error("expected to be accepted at once");
  };
  /** As the adapters do it. */
  const decide: Check = (header) => {
    const decision = verifier.authorize(header);
    if (decision instanceof Promise || decision.kind !== "allowed") throw new Error("expected to be allowed at once");
  };
  return { check, decide, close: verifier.close };
}

/** @param aTurn how many checks there are in one turn of the event loop */
async function measure(check: Check, aTurn: number): Promise<number> {
  const written = Array.from({ length: tokenCount }, (_, index) => `Token ${apiTokenAt(index)}`);
  const headers = Array.from({ length: 4 }, () => fresh(written)).flat();
  const begun = process.cpuUsage();
  for (let index = 0; index < headers.length; index += 1) {
    check(headers[index] ?? "");
    if (index % aTurn === aTurn - 1) await setImmediate();
  }
  return perCpuSecond(headers.length, begun);
}

const { world, close } = await makeWorld(tokenCount);
const bare = makeBare(world);
const cached = await makeOurs(world, 4 * tokenCount);
// It forgets each token before it comes again.
const uncached = await makeOurs(world, tokenCount / 5);
const meters = new MeterProvider({ readers: [new PrometheusExporter({ preventServerStart: true })] });
const telemetry = createTelemetry({ meter: meters.getMeter("vtb-setup") });
const counted = await makeOurs(world, 4 * tokenCount, telemetry);
const countedUncached = await makeOurs(world, tokenCount / 5, telemetry);

for (const aTurn of [1000, 10, 1]) {
  const baseline = "bare `crypto.hash` and prepared look-up";
  const contenders: readonly Contender[] = [
    { name: baseline, baseline, measure: () => measure(bare.check, aTurn) },
    { name: "vtb-setup, first sight", baseline, aim: 0.75, measure: () => measure(uncached.check, aTurn) },
    { name: "vtb-setup, cached", baseline, aim: aTurn > 1 ? 2 : 3, measure: () => measure(cached.check, aTurn) },
    // Where the event loop itself is most of what is measured.
    ...(aTurn > 1 ? [] : [{ name: "turns without a check", baseline, measure: () => measure(() => {}, aTurn) }]),
  ];
  const title = `API tokens, ${aTurn === 1 ? "one request" : `${aTurn} requests`} in a turn of the event loop`;
  printTable(
    { title, unit: "checks", rounds, time: "processor" },
    contenders,
    await measureRounds(contenders, rounds, warmUp),
  );
}

for (const [title, without, withTelemetry] of [
  ["cached", cached, counted],
  ["first sight", uncached, countedUncached],
] as const) {
  const baseline = `${title}, without telemetry`;
  const contenders: readonly Contender[] = [
    { name: baseline, baseline, measure: () => measure(without.decide, 1000) },
    { name: `${title}, with telemetry`, baseline, aim: 0.97, measure: () => measure(withTelemetry.decide, 1000) },
  ];
  printTable(
    { title: `Telemetry, ${title}`, unit: "checks", rounds: telemetryRounds, time: "processor" },
    contenders,
    await measureRounds(contenders, telemetryRounds, warmUp),
  );
}
bare.close();
await Promise.all([cached, uncached, counted, countedUncached].map((ours) => ours.close()));
await meters.shutdown();
close();
