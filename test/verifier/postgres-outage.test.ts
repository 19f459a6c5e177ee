import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { temporaryDatabase } from "../support/databases.js";
import { startPostgresProxy } from "../support/postgres-proxy.js";
import { startPostgres } from "../support/postgres-server.js";
import { makeWorld, otherValue, principalIn, token, tokenValue } from "./verifier-world.js";

const header = `Token ${tokenValue}`;

/** Longer than what is known of the database is trusted. */
const trustEndedMs = 1000;
/** Longer than nothing is asked after a failure. */
const pauseEndedMs = 600;

async function makeProxied() {
  const proxy = await startPostgresProxy();
  const world = await makeWorld([token("a", tokenValue), token("b", otherValue)], {
    url: proxy.through(temporaryDatabase()),
  });
  return { ...world, proxy };
}

const unavailable = {
  kind: "refused",
  problem: { status: 503, headers: { "Retry-After": "1" }, body: { code: "service_unavailable" } },
};

describe("a verifier whose server goes away", () => {
  it("rejects also a known token after a second, and accepts it again afterwards", async () => {
    const { verifier, proxy, events, authenticate } = await makeProxied();
    principalIn(await authenticate(header));
    proxy.cut();
    await setTimeout(trustEndedMs);
    expect(await verifier.authorize(header)).toMatchObject(unavailable);
    await expect(authenticate(header)).rejects.toThrow("[DATABASE_UNREACHABLE]");
    expect(events.find(({ kind }) => kind === "unavailable")).toMatchObject({ reason: "database" });
    expect(JSON.stringify(events)).not.toContain("only-for-tests");
    proxy.mend();
    await setTimeout(pauseEndedMs);
    principalIn(await authenticate(header));
    principalIn(await authenticate(`Token ${otherValue}`));
  });

  it("tries once for all requests that come meanwhile, and answers the others at once for half a second", async () => {
    const { verifier, proxy, authenticate } = await makeProxied();
    principalIn(await authenticate(header));
    // The token's use is written meanwhile.
    await setTimeout(1500);
    proxy.cut();
    await setTimeout(100);
    const before = proxy.connections();
    const decisions = await Promise.all(Array.from({ length: 200 }, () => verifier.authorize(header)));
    for (const decision of decisions) expect(decision).toMatchObject(unavailable);
    expect(await verifier.authorize(`Token ${otherValue}`)).toMatchObject(unavailable);
    expect(proxy.connections() - before).toBe(1);
    await setTimeout(pauseEndedMs);
    expect(await verifier.authorize(header)).toMatchObject(unavailable);
    expect(proxy.connections() - before).toBe(2);
  });

  it("waits no longer than three seconds for a server that does not answer, and continues when it answers again", async () => {
    const { verifier, proxy, authenticate } = await makeProxied();
    principalIn(await authenticate(header));
    await setTimeout(trustEndedMs);
    proxy.hush();
    const beganMs = performance.now();
    expect(await verifier.authorize(header)).toMatchObject(unavailable);
    expect(performance.now() - beganMs).toBeLessThan(3500);
    proxy.mend();
    await setTimeout(pauseEndedMs);
    principalIn(await authenticate(header));
  });

  it("survives a restart of the server without being created again", async () => {
    const server = await startPostgres({ isDurable: true });
    onTestFinished(() => server.remove());
    const { verifier, authenticate } = await makeWorld([token("a", tokenValue)], { url: server.url });
    principalIn(await authenticate(header));
    await server.stop();
    await setTimeout(trustEndedMs);
    expect(await verifier.authorize(header)).toMatchObject(unavailable);
    await server.start();
    await setTimeout(pauseEndedMs);
    principalIn(await authenticate(header));
  });

  it("does not keep the process of an API alive that never closes it", async () => {
    const { url } = await makeProxied();
    const program = `
      import { createVerifier } from "vtb-setup/verifier";
      const verifier = await createVerifier({ database: ${JSON.stringify(url)}, env: {} });
      const outcome = await verifier.authenticate(${JSON.stringify(header)});
      process.stdout.write(outcome.kind);`;
    const root = fileURLToPath(new URL("../..", import.meta.url));
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], { cwd: root });
    onTestFinished(() => void child.kill("SIGKILL"));
    const said = child.stdout.setEncoding("utf8").toArray();
    const [status] = await once(child, "exit");
    expect({ status, said: await said }).toEqual({ status: 0, said: ["authenticated"] });
  }, 10_000);
});
