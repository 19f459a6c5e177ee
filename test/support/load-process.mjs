// A verifier under load, in its own process: starts at once, and reports at a message what it accepted until when.
// node load-process.mjs DATABASE TOKEN…

import { setTimeout } from "node:timers/promises";
import { createVerifier } from "vtb-setup/verifier";

const [database, ...tokens] = process.argv.slice(2);
const verifier = await createVerifier({ database, env: {} });
const known = tokens.map((token) => ({ header: `Token ${token}`, accepted: 0, refused: 0, lastAcceptedAt: 0n }));
const failures = [];
let isStopped = false;

async function check(token) {
  // Of a clock that all processes of a machine share.
  const beganAt = process.hrtime.bigint();
  try {
    const outcome = await verifier.authenticate(token.header);
    if (outcome.kind !== "authenticated") token.refused += 1;
    else {
      token.accepted += 1;
      if (beganAt > token.lastAcceptedAt) token.lastAcceptedAt = beganAt;
    }
  } catch (error) {
    failures.push(String(error));
  }
}

process.once("message", () => {
  isStopped = true;
});
await Promise.all(known.map(check));
process.send("ready");
while (!isStopped) {
  for (let round = 0; round < 5; round += 1) await Promise.all(known.map(check));
  await setTimeout(1);
}
// One more that began after the message, however few there were before.
await Promise.all(known.map(check));
process.send({
  failures,
  tokens: known.map(({ accepted, refused, lastAcceptedAt }) => ({
    accepted,
    refused,
    lastAcceptedAt: `${lastAcceptedAt}`,
  })),
});
await verifier.close();
process.disconnect();
