import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import autocannon from "autocannon";
import type { Facts } from "./http/start.js";
import { jwkOf, makeAccessTokens } from "./support/issuer.js";
import { type Contender, measureRounds, median } from "./support/rounds.js";
import { printTable } from "./support/table.js";
import { apiTokenAt, makeWorld } from "./support/world.js";

/** Requests a second with and without authentication: each server in its own process, and this one asks them. */

const rounds = 11;
const warmUp = 1;
const tokens = 100;
const connections = 20;
const roundSeconds = 1;

interface Row {
  readonly name: string;
  readonly server: string;
  /** The name of another row; its own for a baseline. */
  readonly baseline: string;
  readonly aim?: number;
  /** Sent in turn; the same as to its baseline, since longer ones take longer to read. */
  readonly headers: readonly string[];
}

const { world, keys, folder, close } = await makeWorld(tokens);
const apiTokens = Array.from({ length: tokens }, (_, index) => apiTokenAt(index));
const accessTokens = makeAccessTokens("RS256", keys.RS256, world, { count: tokens, users: 10 });
const token = apiTokens.map((value) => `Token ${value}`);
const bearer = accessTokens.map((value) => `Bearer ${value}`);

function framework(name: string, server: string, aim: number | undefined): readonly Row[] {
  return [
    { scheme: "Token", headers: token },
    { scheme: "Bearer", headers: bearer },
  ].flatMap(({ scheme, headers }): readonly Row[] => {
    const baseline = unguarded(name, scheme);
    const guarded = { server: `${server} guarded`, ...(aim !== undefined && { aim }) };
    return [
      { name: baseline, server: `${server} bare`, baseline, headers },
      { name: `${name}, vtb-setup, \`${scheme}\``, ...guarded, baseline, headers },
    ];
  });
}

function unguarded(name: string, scheme: string): string {
  return `${name}, no authentication, \`${scheme}\``;
}

const other = (name: string, server: string, headers: readonly string[], baseline: string): Row => ({
  name,
  server,
  headers,
  baseline: unguarded(baseline, "Bearer"),
});

const rows: readonly Row[] = [
  ...framework("node:http", "http", undefined),
  ...framework("Fastify", "fastify", 0.85),
  other("Fastify, @fastify/jwt with its cache", "@fastify/jwt", bearer, "Fastify"),
  ...framework("Express", "express", 0.83),
  other("Express, express-oauth2-jwt-bearer", "express-oauth2-jwt-bearer", bearer, "Express"),
  other(
    "Express, passport-http-bearer and a look-up",
    "passport-http-bearer",
    apiTokens.map((value) => `Bearer ${value}`),
    "Express",
  ),
  ...framework("Hono", "hono", 0.6),
  other("Hono, its jwk middleware", "hono/jwk", bearer, "Hono"),
];

interface Server {
  readonly url: string;
  readonly process: ChildProcess;
}

async function startServer(name: string, factsFile: string): Promise<Server> {
  const script = fileURLToPath(new URL("http/server.mjs", import.meta.url));
  const child = fork(script, [name, factsFile], { env: { ...process.env, NODE_ENV: "production" } });
  // It sends nothing else before this.
  const [{ port }] = (await once(child, "message")) as [{ readonly port: number }];
  return { url: `http://127.0.0.1:${port}/`, process: child };
}

/** Figures of rejected or unchecked requests would be worthless. */
async function checkAnswers({ url }: Server, { name, baseline, headers }: Row): Promise<void> {
  const expected = JSON.stringify({ count: 0, results: [] });
  // Three times, since the first of each user writes it.
  for (const authorization of [...headers, ...headers, ...headers]) {
    const response = await fetch(url, { headers: { authorization } });
    if (response.status !== 200 || (await response.text()) !== expected)
      throw new Error(`${name} rejects a valid request`);
  }
  if (name === baseline) return;
  const last = headers[0]?.at(-5) === "A" ? "B" : "A";
  const forged = `${headers[0]?.slice(0, -5)}${last}${headers[0]?.slice(-4)}`;
  for (const authorization of [undefined, forged]) {
    const { status } = await fetch(url, { headers: { ...(authorization !== undefined && { authorization }) } });
    if (status !== 401) throw new Error(`${name} accepts an invalid request, or fails: ${status}`);
  }
}

interface Answers {
  readonly count: number;
  readonly seconds: number;
}

/** Only answers with 200 count. */
async function load({ url }: Server, headers: readonly string[]): Promise<Answers> {
  const requests = headers.map((authorization) => ({ headers: { authorization } }));
  const result = await autocannon({ url, connections, duration: roundSeconds, requests });
  const failures = result.non2xx + result.errors + result.timeouts;
  if (failures > 0) throw new Error(`${failures} requests were not answered with 200`);
  return { count: result["2xx"], seconds: result.duration };
}

async function cpuSeconds({ process: child }: Server): Promise<number> {
  child.send("usage");
  // It answers each message so.
  const [{ cpuSeconds: used }] = (await once(child, "message")) as [{ readonly cpuSeconds: number }];
  return used;
}

const facts: Facts = {
  ...world,
  publicPem: keys.RS256.publicKey.export({ format: "pem", type: "spki" }).toString(),
  publicJwk: jwkOf("RS256", keys.RS256),
};
const factsFile = join(folder, "facts.json");
writeFileSync(factsFile, JSON.stringify(facts));
const servers = new Map<string, Server>();
const busy: number[] = [];
try {
  for (const row of rows) {
    const server = servers.get(row.server) ?? (await startServer(row.server, factsFile));
    servers.set(row.server, server);
    await checkAnswers(server, row);
  }
  const contenders = rows.map(({ name, server: serverName, baseline, aim, headers }): Contender => {
    const measure = async (): Promise<number> => {
      const server = servers.get(serverName);
      if (!server) throw new Error(`${serverName} was not started`);
      const before = await cpuSeconds(server);
      const { count, seconds } = await load(server, headers);
      const used = (await cpuSeconds(server)) - before;
      busy.push(used / seconds);
      return count / used;
    };
    return { name, baseline, measure, ...(aim !== undefined && { aim }) };
  });
  const title = `Requests over HTTP with ${tokens} tokens over ${connections} connections`;
  printTable(
    { title, unit: "requests", rounds, time: "processor" },
    contenders,
    await measureRounds(contenders, rounds, warmUp),
  );
  // Where they had to wait, it was the load or the machine that was measured.
  process.stdout.write(`The servers were busy for ${Math.round(median(busy) * 100)} % of the time (median).\n\n`);
} finally {
  for (const server of servers.values()) server.process.kill();
  close();
}
