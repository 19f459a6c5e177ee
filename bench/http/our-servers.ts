import { createServer, type RequestListener } from "node:http";
import { serve } from "@hono/node-server";
import express from "express";
import fastify, { type onRequestHookHandler } from "fastify";
import { Hono } from "hono";
import { requireAuth as requireExpress } from "../../src/verifier/express.js";
import { requireAuth as requireFastify } from "../../src/verifier/fastify.js";
import { requireAuth as requireHono } from "../../src/verifier/hono.js";
import type { Verifier } from "../../src/verifier/verifier.js";
import { answer, type Facts, listen, type StartServer } from "./start.js";

/** Each framework without authentication (`NAME bare`), and with the verifier (`NAME guarded`). */
export function ourServers(openVerifier: (facts: Facts) => Promise<Verifier>): Readonly<Record<string, StartServer>> {
  return {
    "http bare": () => listen((...at) => createServer(respond).listen(...at)),
    "http guarded": async (facts) => {
      const { permission } = facts;
      // The middleware for Express needs nothing from Express.
      const guard = requireExpress(await openVerifier(facts), { permission });
      return listen((...at) =>
        createServer((request, response) => guard(request, response, () => respond(request, response))).listen(...at),
      );
    },
    "fastify bare": () => startFastify([]),
    "fastify guarded": async (facts) => {
      const { permission } = facts;
      return startFastify([requireFastify(await openVerifier(facts), { permission })]);
    },
    "express bare": () => startExpress([]),
    "express guarded": async (facts) => {
      const { permission } = facts;
      return startExpress([requireExpress(await openVerifier(facts), { permission })]);
    },
    "hono bare": () => startHono([]),
    "hono guarded": async (facts) => {
      const { permission } = facts;
      return startHono([requireHono(await openVerifier(facts), { permission })]);
    },
  };
}

const respond: RequestListener = (_request, response) => {
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify(answer));
};

export async function startFastify(
  onRequest: onRequestHookHandler[],
  prepare = async (_app: ReturnType<typeof fastify>): Promise<void> => {},
): Promise<number> {
  const app = fastify();
  await prepare(app);
  app.get("/", { onRequest }, (_request, reply) => reply.send(answer));
  return Number(new URL(await app.listen({ port: 0, host: "127.0.0.1" })).port);
}

export function startExpress(middleware: readonly express.RequestHandler[]): Promise<number> {
  const app = express();
  app.get("/", ...middleware, (_request, response) => void response.json(answer));
  // Without this one, Express writes each refusal to the log.
  app.use(((error, _request, response, _next) => {
    response.status(error.status ?? 500).end();
  }) satisfies express.ErrorRequestHandler);
  return listen((...at) => app.listen(...at));
}

export function startHono(middleware: readonly Parameters<Hono["use"]>[1][]): Promise<number> {
  const app = new Hono();
  for (const one of middleware) app.use("/", one);
  app.get("/", (context) => context.json(answer));
  return listen((port, hostname, done) => serve({ fetch: app.fetch, port, hostname }, done));
}
