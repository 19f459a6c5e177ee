// A small API in the shape of Open VTB's Taken API, which accepts the callers that the auth database names:
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
  // The client gets few details; the reason is logged here.
  onEvent: ({ error, ...event }) => console.error(JSON.stringify({ ...event, ...(error && { error: String(error) }) })),
});

/** The tasks, for as long as this runs. */
const tasks = [];

const api = express();
const path = "/taken/api/v1/externetaken";

function sendProblem(response, status, title) {
  response.status(status).type("application/problem+json").send(JSON.stringify({ status, title }));
}

api.get(path, requireAuth(verifier, { permission: "taken.view_externetaak" }), (_request, response) => {
  response.json({ count: tasks.length, next: null, previous: null, results: tasks });
});

// The caller is authenticated before the body is read.
api.post(path, requireAuth(verifier, { permission: "taken.add_externetaak" }), express.json(), (request, response) => {
  const { titel } = request.body ?? {};
  if (typeof titel !== "string" || titel === "") return sendProblem(response, 400, "titel is verplicht");
  const task = { uuid: randomUUID(), titel, status: "open", aangemaaktDoor: principalOf(request).user.username };
  tasks.push(task);
  response.status(201).json(task);
});

api.use((_request, response) => sendProblem(response, 404, "Niet gevonden"));

// Express knows what handles errors by its four parameters.
api.use((error, _request, response, next) => {
  if (response.headersSent) return next(error);
  const { status = 500 } = error;
  // A body that cannot be read is the client's error; every other error is ours, and is only logged.
  if (status >= 400 && status < 500) return sendProblem(response, status, "De inhoud kan niet worden gelezen");
  console.error(error);
  sendProblem(response, 500, "Er is een fout opgetreden");
});

const server = api.listen(Number(process.env.PORT ?? 8000), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}${path}`);
});

// After a provider's signing key was disabled: it verifies no request any more.
process.on("SIGHUP", () => void verifier.refreshKeys());

// Node answers 431 by itself where all headers together, cookies and all, are over 16 kB; it would not be logged.
server.on("clientError", (error, socket) => {
  const isTooLarge = error.code === "HPE_HEADER_OVERFLOW";
  if (isTooLarge)
    console.error(JSON.stringify({ kind: "headers_too_large", hint: "node --max-http-header-size=32768" }));
  if (error.code === "ECONNRESET" || !socket.writable) return;
  socket.end(
    `HTTP/1.1 ${isTooLarge ? "431 Request Header Fields Too Large" : "400 Bad Request"}\r\nConnection: close\r\n\r\n`,
  );
});

process.once("SIGTERM", () => {
  server.close(() => void verifier.close());
  server.closeIdleConnections();
});
