import { readFileSync } from "node:fs";
import { createVerifier } from "../../src/verifier/create-verifier.js";
import type { Verifier } from "../../src/verifier/verifier.js";
import { clientOf } from "../support/world.js";
import { otherServers } from "./other-servers.js";
import { ourServers } from "./our-servers.js";
import type { Facts, StartServer } from "./start.js";

/** One server in its own process: `server.mjs NAME FACTS`. It reports its port, and answers each message with its processor time. */

function openVerifier({ file }: Facts): Promise<Verifier> {
  return createVerifier({ database: `sqlite:${file}`, clients: [clientOf("RS256")], env: {} });
}

const [name = "", factsFile = ""] = process.argv.slice(2);
// The other process wrote them.
const facts = JSON.parse(readFileSync(factsFile, "utf8")) as Facts;
const start: StartServer | undefined = { ...ourServers(openVerifier), ...otherServers }[name];
if (!start) throw new Error(`there is no server ${name}`);
const port = await start(facts);
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuSeconds: (user + system) / 1e6 });
});
process.on("disconnect", () => process.exit());
process.send?.({ port });
