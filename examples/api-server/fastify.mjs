// A part of api.mjs, with Fastify: the list of tasks, and what Kubernetes asks.

import fastify from "fastify";
import { createVerifier } from "vtb-setup/verifier";
import { requireAuth } from "vtb-setup/verifier/fastify";

const verifier = await createVerifier({
  database: process.env.VTB_SETUP_DATABASE ?? "sqlite:./vtb-auth.db",
  onEvent: ({ error, ...event }) => console.error(JSON.stringify({ ...event, ...(error && { error: String(error) }) })),
});

const api = fastify();
const path = "/taken/api/v1/externetaken";

api.get(path, { onRequest: requireAuth(verifier, { permission: "taken.view_externetaak" }) }, () => ({ results: [] }));

api.get("/livez", () => ({ alive: true }));

api.get("/readyz", async (_request, reply) => {
  const { isReady } = await verifier.status();
  return reply
    .code(isReady ? 200 : 503)
    .header("cache-control", "no-store")
    .send({ ready: isReady });
});

const origin = await api.listen({ host: "127.0.0.1", port: Number(process.env.PORT ?? 8000) });
console.log(origin + path);

process.once("SIGTERM", async () => {
  await api.close();
  await verifier.close();
});
