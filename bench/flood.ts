import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { createVerifier } from "../src/verifier/create-verifier.js";
import type { Verifier } from "../src/verifier/verifier.js";
import { machine, median } from "./support/rounds.js";
import { clientOf, makeWorld, type OwnedWorld } from "./support/world.js";

/** Which requests are accepted while 20 sources send unknown tokens, and how often a provider is asked about tokens that are used in turn. */

const attackers = 20;
const perSecondOfAttacker = 40;
// 50 requests at a time give 250 answers a second, and the flood asks three times as often.
const introspectionMs = 200;
const seconds = 20;
const knownTokens = 200;
const visitors = 20;
const tokensInTurn = 9000;

interface Tally {
  letIn: number;
  readonly statuses: Map<number, number>;
  readonly waitedMs: number[];
}

const makeTally = (): Tally => ({ letIn: 0, statuses: new Map(), waitedMs: [] });

async function send(verifier: Verifier, token: string, source: string, tally: Tally): Promise<void> {
  const begun = performance.now();
  const outcome = await verifier.authenticate(`Bearer ${token}`, { source });
  tally.waitedMs.push(performance.now() - begun);
  if (outcome.kind === "authenticated") tally.letIn += 1;
  else tally.statuses.set(outcome.problem.status, (tally.statuses.get(outcome.problem.status) ?? 0) + 1);
}

async function measureFlood({ world }: OwnedWorld): Promise<void> {
  let laterMs = 0;
  const verifier = await createVerifier({
    database: `sqlite:${world.file}`,
    clients: [clientOf("RS256")],
    env: {},
    now: () => Date.now() + laterMs,
  });
  const known = Array.from({ length: knownTokens }, () => `good-${randomUUID()}`);
  for (const token of known) await send(verifier, token, "office", makeTally());
  // So that the provider has to be asked about each of them again.
  laterMs = 60_000;
  const [flood, ofKnown, ofNew] = [makeTally(), makeTally(), makeTally()];
  const sent: Promise<void>[] = [];
  // At an even rate, whether there are answers or not. A tick that comes late sends what is due.
  const begun = performance.now();
  const sending = (perSecond: number, one: (index: number) => Promise<void>) => {
    let count = 0;
    return () => {
      const due = Math.floor(((performance.now() - begun) / 1000) * perSecond);
      for (; count < due; count += 1) sent.push(one(count));
    };
  };
  const senders = [
    sending(attackers * perSecondOfAttacker, (index) =>
      send(verifier, `bad-${randomUUID()}`, `attacker-${index % attackers}`, flood),
    ),
    sending(100, (index) => send(verifier, known[index % known.length] ?? "", "office", ofKnown)),
    sending(20, (index) => send(verifier, `good-${randomUUID()}`, `visitor-${index % visitors}`, ofNew)),
  ];
  while (performance.now() - begun < seconds * 1000) {
    for (const sendDue of senders) sendDue();
    await sleep(5);
  }
  await Promise.all(sent);
  await verifier.close();
  process.stdout.write(`### ${attackers} sources that send ${perSecondOfAttacker} unknown tokens a second each\n\n`);
  process.stdout.write(`${machine()}, ${seconds} s; the provider takes ${introspectionMs} ms.\n\n`);
  printTallies([
    ["known tokens, asked about again", ofKnown],
    ["new tokens of other sources", ofNew],
    ["the flood", flood],
  ]);
}

function printTallies(tallies: readonly (readonly [string, Tally])[]): void {
  const rows = tallies.map(([name, { letIn, statuses, waitedMs }]) => {
    const sorted = waitedMs.toSorted((one, other) => one - other);
    const worst = sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN;
    const share = `${((100 * letIn) / waitedMs.length).toFixed(1)} %`;
    const refused = [401, 503].map((status) => (statuses.get(status) ?? 0).toLocaleString("en"));
    const cells = [name, waitedMs.length.toLocaleString("en"), share, ...refused];
    return `| ${[...cells, median(waitedMs).toFixed(0), worst.toFixed(0)].join(" | ")} |`;
  });
  const head = "|  | requests | accepted | 401 | 503 | ms, median | ms, 95 % |\n|---|---:|---:|---:|---:|---:|---:|";
  process.stdout.write(`${[head, ...rows].join("\n")}\n\n`);
}

async function measureInTurn({ world, introspections }: OwnedWorld): Promise<void> {
  const rounds = 3;
  const verifier = await createVerifier({
    database: `sqlite:${world.file}`,
    clients: [clientOf("RS256")],
    env: {},
    cacheSize: 10_000,
    // So that no answer gets old meanwhile.
    now: (
      (at) => () =>
        at
    )(Date.now()),
  });
  const tokens = Array.from({ length: tokensInTurn }, (_, index) => `good-in-turn-${index}`);
  const before = introspections();
  const asked: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (let index = 0; index < tokens.length; index += 20) {
      const some = tokens.slice(index, index + 20);
      await Promise.all(some.map((token) => send(verifier, token, "office", makeTally())));
    }
    asked.push(introspections() - before);
  }
  await verifier.close();
  process.stdout.write(`### ${tokensInTurn.toLocaleString("en")} opaque tokens used in turn, \`cacheSize: 10000\`\n\n`);
  process.stdout.write(
    `Asked about after each of ${rounds} rounds: ${asked.map((count) => count.toLocaleString("en")).join(", ")}.\n\n`,
  );
}

const slow = await makeWorld(1, introspectionMs);
await measureFlood(slow);
slow.close();
const quick = await makeWorld(1);
await measureInTurn(quick);
quick.close();
