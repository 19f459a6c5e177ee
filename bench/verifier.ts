import * as crypto from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import type BetterSqlite3 from "better-sqlite3";
import { loadSqliteDriver } from "../src/database/sqlite-driver.js";
import { apply } from "../src/engine/apply.js";
import { loadConfig } from "../src/engine/load.js";
import { createVerifier } from "../src/verifier/create-verifier.js";

/**
 * Checks of API tokens, beside a bare `crypto.hash` and a prepared look-up of token and user in the same file: medians of
 * interleaved rounds, as ratios of throughput.
 */

const rounds = 9;
const tokenCount = 5000;
const runsARound = 4;

type Check = (header: string) => unknown;

interface Contender {
  readonly name: string;
  readonly check: Check;
  /** How many checks there are in one turn of the event loop. */
  readonly aTurn: number;
}

const folder = mkdtempSync(join(tmpdir(), "vtb-bench-"));
const file = join(folder, "auth.db");

function tokenAt(index: number): string {
  return crypto.createHash("sha256").update(`token ${index}`).digest("hex").slice(0, 40);
}

/** Each token has a service user of its own with two permissions, and shares no row with another one. */
async function makeDatabase(): Promise<void> {
  const items = Array.from({ length: tokenCount }, (_, index) => [
    `    - identifier: application-${index}`,
    `      token: ${tokenAt(index)}`,
    "      contact_person: Functioneel beheer",
    "      email: beheer@gemeente.example",
    "      permissions: [taken.view_externetaak, taken.add_externetaak]",
  ]);
  const yaml = join(folder, "config.yaml");
  writeFileSync(yaml, ["tokenauth_config_enable: true", "tokenauth:", "  items:", ...items.flat(), ""].join("\n"));
  const configuration = await loadConfig([yaml], {
    ...{
      env: {},
      cwd: folder,
      strict: false,
      now: new Date(),
      kinds: [],
      steps: [],
      stdin: async () => Buffer.alloc(0),
    },
  });
  await apply(configuration, {
    ...{ database: `sqlite:${file}`, owner: "default", prune: false, strict: false, waitMs: 0, offline: true, env: {} },
    ...{ now: () => new Date(), newId: () => crypto.randomUUID(), onWaiting: () => {}, onProgress: () => {} },
    ...{ actor: "bench", version: "0.0.0", lockTimeoutMs: 1000, beforeCommit: async () => {} },
  });
}

/** What an API would do at least that keeps digests: no expiry, permissions or changes are looked at. */
function makeBare(sqlite: BetterSqlite3.Database): Check {
  const statement = sqlite.prepare(
    "SELECT t.id, t.permissions, t.expires_at, u.id AS user_id, u.username, u.is_active, u.is_superuser " +
      "FROM api_tokens t JOIN users u ON u.id = t.user_id WHERE t.digest = ?",
  );
  return (header) => {
    const row = statement.get(crypto.hash("sha256", header.slice(6), "hex"));
    if (!row) throw new Error("expected a known token");
  };
}

async function makeOurs(cacheSize: number) {
  const verifier = await createVerifier({ database: `sqlite:${file}`, cacheSize, env: {} });
  const check: Check = (header) => {
    const outcome = verifier.authenticate(header);
    if (outcome instanceof Promise || outcome.kind !== "authenticated")
      throw new Error("expected to be let in at once");
  };
  return { check, close: verifier.close };
}

/** Texts as they come from a socket: made anew, in one piece. */
function freshHeaders(): readonly string[] {
  return Array.from({ length: tokenCount }, (_, index) => Buffer.from(`Token ${tokenAt(index)}`).toString("latin1"));
}

/** Checks a second. */
async function measure({ check, aTurn }: Contender): Promise<number> {
  const headers = Array.from({ length: runsARound }, freshHeaders).flat();
  const start = process.hrtime.bigint();
  for (let index = 0; index < headers.length; index += 1) {
    check(headers[index] ?? "");
    if (index % aTurn === aTurn - 1) await new Promise((resolve) => setImmediate(resolve));
  }
  return headers.length / (Number(process.hrtime.bigint() - start) / 1e9);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

await makeDatabase();
const Driver = loadSqliteDriver();
const sqlite = new Driver(file, { readonly: true });
const bare = makeBare(sqlite);
const cached = await makeOurs(4 * tokenCount);
// It forgets each token before it comes again.
const uncached = await makeOurs(tokenCount / 5);

for (const aTurn of [1000, 10, 1]) {
  const contenders: readonly Contender[] = [
    { name: "bare crypto.hash and look-up", check: bare, aTurn },
    { name: "vtb-setup, first sight", check: uncached.check, aTurn },
    { name: "vtb-setup, cached", check: cached.check, aTurn },
  ];
  const speeds = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const contender of contenders) {
      const speed = await measure(contender);
      // The first round warms up.
      if (round > 0) speeds.get(contender.name)?.push(speed);
    }
  }
  const baseline = speeds.get(contenders[0]?.name ?? "") ?? [];
  process.stdout.write(
    `Token, ${aTurn} a turn of the event loop, Node ${process.versions.node}, ${cpus().length} cores, medians of ${rounds} rounds\n`,
  );
  for (const [name, values] of speeds) {
    const ratio = median(values.map((value, round) => value / (baseline[round] ?? value)));
    process.stdout.write(
      `${name.padEnd(30)} ${Math.round(median(values)).toString().padStart(8)}/s ${ratio.toFixed(2).padStart(7)}\n`,
    );
  }
}
await Promise.all([cached.close(), uncached.close()]);
sqlite.close();
rmSync(folder, { recursive: true, force: true });
