// A small API in the shape of Open VTB's Taken API, which lets in whom the auth database names:
//
//   npx vtb-setup apply examples/quickstart.yaml
//   node examples/api-server/server.mjs
//   curl --header 'Authorization: Token ba9d233e95e04c4a8a661a27daffe7c9bd019067' http://127.0.0.1:8000/taken/api/v1/externetaken

import { randomUUID } from "node:crypto";
import express from "express";
import { createVerifier } from "vtb-setup/verifier";
import { principalOf, requireAuth } from "vtb-setup/verifier/express";

const verifier = await createVerifier({
  database: process.env.VTB_SETUP_DATABASE ?? "sqlite:./vtb-auth.db",
  // The client is told little; why it was refused is said here.
  onEvent: ({ error, ...event }) => console.error(JSON.stringify({ ...event, ...(error && { error: String(error) }) })),
});

/** The tasks, for as long as this runs. */
const tasks = [];

const api = express();
const path = "/taken/api/v1/externetaken";

api.get(path, requireAuth(verifier, { permission: "taken.view_externetaak" }), (_request, response) => {
  response.json({ count: tasks.length, next: null, previous: null, results: tasks });
});

// Who asks is known before anything of the body is read.
api.post(path, requireAuth(verifier, { permission: "taken.add_externetaak" }), express.json(), (request, response) => {
  const { titel } = request.body ?? {};
  if (typeof titel !== "string" || titel === "") {
    response
      .status(400)
      .type("application/problem+json")
      .send(JSON.stringify({ status: 400, title: "titel is verplicht" }));
    return;
  }
  const task = { uuid: randomUUID(), titel, status: "open", aangemaaktDoor: principalOf(request).user.username };
  tasks.push(task);
  response.status(201).json(task);
});

const server = api.listen(Number(process.env.PORT ?? 8000), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}${path}`);
});

process.once("SIGTERM", () => {
  server.close(() => void verifier.close());
  server.closeIdleConnections();
});
