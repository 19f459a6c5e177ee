// A part of api.mjs, with Hono: the list of tasks, and what Kubernetes asks.

import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { createVerifier } from "vtb-setup/verifier";
import { requireAuth } from "vtb-setup/verifier/hono";

const verifier = await createVerifier({
  database: process.env.VTB_SETUP_DATABASE ?? "sqlite:./vtb-auth.db",
  onEvent: ({ error, ...event }) => console.error(JSON.stringify({ ...event, ...(error && { error: String(error) }) })),
});

const api = new Hono();
const path = "/taken/api/v1/externetaken";

api.get(path, requireAuth(verifier, { permission: "taken.view_externetaak" }), (c) => c.json({ results: [] }));

api.get("/livez", (c) => c.json({ alive: true }));

api.get("/readyz", async (c) => {
  const { isReady } = await verifier.status();
  return c.json({ ready: isReady }, isReady ? 200 : 503, { "cache-control": "no-store" });
});

const options = { fetch: api.fetch, hostname: "127.0.0.1", port: Number(process.env.PORT ?? 8000) };
const server = serve(options, ({ port }) => console.log(`http://127.0.0.1:${port}${path}`));

process.once("SIGTERM", () => {
  server.close(() => void verifier.close());
  server.closeIdleConnections();
});
