// The routes of the API. They are made before the server listens, also to write down which permissions they require
// (write-catalogue.mjs).

import { randomUUID } from "node:crypto";
import express from "express";
import { principalOf, requireAuth, resourceMetadata } from "vtb-setup/verifier/express";

const base = "/taken/api/v1";
export const path = `${base}/externetaken`;

const responses = { 200: { description: "OK" }, 401: { description: "No valid credentials" } };
const openapi = {
  openapi: "3.1.0",
  info: { title: "Taken API", version: "1.0.0" },
  paths: { [path]: { get: { responses }, post: { responses } } },
};

function sendProblem(response, status, title) {
  response.status(status).type("application/problem+json").send(JSON.stringify({ status, title }));
}

export function createApi(verifier) {
  /** The tasks, for as long as this runs. */
  const tasks = [];

  const api = express();

  // Programs find the OpenID provider by the URL of the API (RFC 9728).
  if (verifier.resourceMetadataUrl) api.use(resourceMetadata(verifier));

  // How to authenticate is as the database has it at the moment.
  api.get(`${base}/openapi.json`, async (_request, response) => {
    const { securitySchemes, security } = await verifier.openapi();
    response.json({ ...openapi, components: { securitySchemes }, security });
  });

  api.get(path, requireAuth(verifier, { permission: "taken.view_externetaak" }), (_request, response) => {
    response.json({ count: tasks.length, next: null, previous: null, results: tasks });
  });

  // The caller is authenticated before the body is read.
  api.post(
    path,
    requireAuth(verifier, { permission: "taken.add_externetaak" }),
    express.json(),
    (request, response) => {
      const { titel } = request.body ?? {};
      if (typeof titel !== "string" || titel === "") return sendProblem(response, 400, "titel is verplicht");
      const task = { uuid: randomUUID(), titel, status: "open", aangemaaktDoor: principalOf(request).user.username };
      tasks.push(task);
      response.status(201).json(task);
    },
  );

  // What Kubernetes asks: does this process run, and can it decide requests now? Anyone may ask, so it says no more.
  api.get("/livez", (_request, response) => response.json({ alive: true }));

  api.get("/readyz", async (_request, response) => {
    const { isReady } = await verifier.status();
    response.set("cache-control", "no-store");
    response.status(isReady ? 200 : 503).json({ ready: isReady });
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
  return api;
}
