import { type ChildProcess, fork } from "node:child_process";
import * as crypto from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate, setTimeout } from "node:timers/promises";
import pg from "pg";
import { apply } from "../src/apply/apply.js";
import { loadConfig } from "../src/apply/load.js";
import type { LiveDatabase } from "../src/database/live-database.js";
import { openLiveDatabase } from "../src/database/open.js";
import { createVerifier } from "../src/verifier/create-verifier.js";
import { prepareTokenLookup } from "../src/verifier/read-token.js";
import { startPostgres } from "../test/support/postgres-server.js";
import { fresh } from "./support/issuer.js";
import { type Contender, machine, measureRounds, median, perCpuSecond, perSecond } from "./support/rounds.js";
import { printTable } from "./support/table.js";
import { apiTokenAt } from "./support/world.js";

/**
 * Checks of API tokens on a PostgreSQL server: those that are seen for the first time beside bare `pg` with the same statement,
 * prepared under a name; those that are known beside the same on SQLite; and how long others still accept a revoked token.
 */

const tokenCount = 2000;
const rounds = 7;
const knownRounds = 21;
const warmUp = 2;
const processes = 4;
const revocations = 20;

type Check = (header: string) => unknown;

const folder = mkdtempSync(join(tmpdir(), "vtb-bench-"));
const env = { VTB_SETUP_KEY: crypto.randomBytes(32).toString("hex") };

async function applyTo(database: string, items: readonly object[]): Promise<void> {
  const file = join(folder, "config.yaml");
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ tokenauth_config_enable: true, tokenauth: { items } }));
  const input = { env, cwd: folder, strict: false, now: new Date(), kinds: [], steps: [] };
  const configuration = await loadConfig([file], { ...input, stdin: async () => Buffer.alloc(0) });
  await apply(configuration, {
    database,
    owner: "default",
    prune: false,
    strict: false,
    waitMs: 0,
    offline: true,
    env,
    now: () => new Date(),
    newId: crypto.randomUUID,
    onWaiting: () => {},
    onStep: () => {},
    actor: "bench",
    version: "0.0.0",
    lockTimeoutMs: 1000,
    beforeCommit: async () => {},
  });
}

function application(index: number): object {
  const permissions = ["taken.view_externetaak", "taken.add_externetaak"];
  const contact = { contact_person: "Functioneel beheer", email: "beheer@gemeente.example" };
  return { identifier: `application-${index}`, token: apiTokenAt(index), ...contact, permissions };
}

/** The statement that a verifier looks tokens up with. */
async function lookUpText(url: string): Promise<string> {
  const database = await openLiveDatabase(url, "read");
  const texts: string[] = [];
  const prepare: LiveDatabase["prepare"] = (query) => {
    texts.push(query.sql);
    return () => undefined;
  };
  prepareTokenLookup({ ...database, prepare }, Date.now);
  await database.close();
  return texts[0] ?? "";
}

async function makeBare(url: string) {
  const pool = new pg.Pool({ connectionString: url, max: 5 });
  const text = await lookUpText(url);
  const check = async (header: string): Promise<void> => {
    const digest = crypto.hash("sha256", header.slice(6), "hex");
    const { rows } = await pool.query({ name: "look-up", text, values: [digest], rowMode: "array" });
    if (rows.length !== 1) throw new Error("expected a known token");
  };
  return { check, close: () => pool.end() };
}

async function makeOurs(database: string, cacheSize: number) {
  const verifier = await createVerifier({ database, clients: [], cacheSize, env });
  const check = async (header: string): Promise<void> => {
    const outcome = await verifier.authenticate(header);
    if (outcome.kind !== "authenticated") throw new Error("expected to be accepted");
  };
  /** Without a promise, but for the moments at which the server is asked whether something changed. */
  const checkKnown: Check = (header) => {
    const outcome = verifier.authenticate(header);
    if (outcome instanceof Promise) return outcome;
    if (outcome.kind !== "authenticated") throw new Error("expected to be accepted");
    return undefined;
  };
  return { check, checkKnown, close: verifier.close };
}

function freshHeaders(): readonly string[] {
  return fresh(Array.from({ length: tokenCount }, (_, index) => `Token ${apiTokenAt(index)}`));
}

async function measureWaiting(check: (header: string) => Promise<void>, atOnce: number): Promise<number> {
  const headers = freshHeaders();
  const begun = process.hrtime.bigint();
  let next = 0;
  const ask = async (): Promise<void> => {
    while (next < headers.length) {
      const header = headers[next] ?? "";
      next += 1;
      await check(header);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, ask));
  return perSecond(headers.length, begun);
}

async function measureKnown(check: Check, aTurn: number): Promise<number> {
  const headers = Array.from({ length: 25 }, freshHeaders).flat();
  const begun = process.cpuUsage();
  for (let index = 0; index < headers.length; index += 1) {
    const pending = check(headers[index] ?? "");
    if (pending) await pending;
    if (index % aTurn === aTurn - 1) await setImmediate();
  }
  return perCpuSecond(headers.length, begun);
}

async function firstSights(url: string): Promise<void> {
  const bare = await makeBare(url);
  // It forgets each token before it comes again.
  const ours = await makeOurs(url, tokenCount / 4);
  for (const atOnce of [1, 20]) {
    const baseline = "bare `pg` with a named prepared statement";
    const contenders: readonly Contender[] = [
      { name: baseline, baseline, measure: () => measureWaiting(bare.check, atOnce) },
      { name: "vtb-setup, first sight", baseline, aim: 0.7, measure: () => measureWaiting(ours.check, atOnce) },
    ];
    const title = `API tokens on PostgreSQL, first sight, ${atOnce === 1 ? "one request" : `${atOnce} requests`} at once`;
    printTable({ title, unit: "checks", rounds }, contenders, await measureRounds(contenders, rounds, warmUp));
  }
  await Promise.all([bare.close(), ours.close()]);
}

async function known(url: string, sqliteUrl: string): Promise<void> {
  const ofFile = await makeOurs(sqliteUrl, 4 * tokenCount);
  const ofServer = await makeOurs(url, 4 * tokenCount);
  for (const aTurn of [1000, 10, 1]) {
    const baseline = "vtb-setup on SQLite, cached";
    const contenders: readonly Contender[] = [
      { name: baseline, baseline, measure: () => measureKnown(ofFile.checkKnown, aTurn) },
      {
        name: "vtb-setup on PostgreSQL, cached",
        baseline,
        aim: 0.9,
        measure: () => measureKnown(ofServer.checkKnown, aTurn),
      },
    ];
    const title = `Known API tokens, ${aTurn === 1 ? "one request" : `${aTurn} requests`} in a turn of the event loop`;
    const options = { title, unit: "checks", rounds: knownRounds, time: "processor" } as const;
    printTable(options, contenders, await measureRounds(contenders, knownRounds, warmUp));
  }
  await Promise.all([ofFile.close(), ofServer.close()]);
}

async function messageOf(child: ChildProcess): Promise<unknown> {
  const [message] = await once(child, "message");
  return message;
}

/** Milliseconds from an apply's return to the last request that began afterwards and that any of the processes accepted. */
async function revocationDelays(url: string): Promise<readonly number[]> {
  const tokens = Array.from({ length: revocations }, (_, index) => apiTokenAt(index));
  const children = Array.from({ length: processes }, () => fork("test/support/load-process.mjs", [url, ...tokens]));
  await Promise.all(children.map(messageOf));
  const returnedAt: bigint[] = [];
  for (const index of tokens.keys()) {
    // At another moment between two looks each time.
    await setTimeout(300 + ((index * 370) % 900));
    await applyTo(url, [{ identifier: `application-${index}`, state: "absent" }]);
    returnedAt.push(process.hrtime.bigint());
  }
  await setTimeout(2000);
  const reported = children.map(messageOf);
  for (const child of children) child.send("stop");
  // Written by load-process.mjs.
  const results = (await Promise.all(reported)) as readonly {
    readonly tokens: readonly { readonly lastAcceptedAt: string }[];
  }[];
  return returnedAt.map((at, index) => {
    const last = results.map((result) => Number(BigInt(result.tokens[index]?.lastAcceptedAt ?? 0) - at) / 1e6);
    return Math.max(0, ...last);
  });
}

async function revocation(url: string): Promise<void> {
  const delays = await revocationDelays(url);
  process.stdout.write(
    [
      `### A revoked API token on PostgreSQL, ${processes} verifiers in separate processes, under load`,
      "",
      `${machine()}, ${revocations} applies that each revoke one.`,
      "",
      "| from the apply's return to the last accepted request | ms | aim |",
      "|---|---:|---:|",
      `| median | ${Math.round(median(delays))} | |`,
      `| longest | ${Math.round(Math.max(...delays))} | ≤ 1000 |`,
      "",
      "",
    ].join("\n"),
  );
}

const server = await startPostgres();
try {
  const sqliteUrl = `sqlite:${join(folder, "auth.db")}`;
  const applications = Array.from({ length: tokenCount }, (_, index) => application(index));
  await applyTo(server.url, applications);
  await applyTo(sqliteUrl, applications);
  await firstSights(server.url);
  await known(server.url, sqliteUrl);
  await revocation(server.url);
} finally {
  await server.remove();
  rmSync(folder, { recursive: true, force: true });
}
