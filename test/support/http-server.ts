import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface TestServer {
  /** `http://127.0.0.1:PORT` or `https://127.0.0.1:PORT`. */
  readonly origin: string;
  /** The path and query of each request so far. */
  readonly requests: readonly string[];
  readonly close: () => Promise<void>;
}

/** A real server on 127.0.0.1, on a free port unless one is given. The caller closes it. */
export async function startServer(
  listener: RequestListener,
  certificate?: { readonly key: string; readonly cert: string },
  port = 0,
): Promise<TestServer> {
  const requests: string[] = [];
  const noting: RequestListener = (request, response) => {
    requests.push(request.url ?? "");
    listener(request, response);
  };
  const server: Server = certificate ? createTlsServer(certificate, noting) : createServer(noting);
  await new Promise<void>((listening) => server.listen(port, "127.0.0.1", listening));
  // A server that listens on a port has an address of this kind.
  const address = server.address() as AddressInfo;
  return {
    origin: `${certificate ? "https" : "http"}://127.0.0.1:${address.port}`,
    requests,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

/** A server that goes away with the test. */
export async function serve(...parameters: Parameters<typeof startServer>): Promise<TestServer> {
  const server = await startServer(...parameters);
  onTestFinished(() => server.close());
  return server;
}

/** A port of 127.0.0.1 where no server answers: one that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = await startServer(() => {});
  await server.close();
  return Number(new URL(server.origin).port);
}

/** Answers every request alike; an object is sent as JSON. */
export function always(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): RequestListener {
  const isText = typeof body === "string";
  const type = isText ? "text/plain" : "application/json";
  return (_request, response) => {
    response.writeHead(status, { "content-type": type, ...headers }).end(isText ? body : JSON.stringify(body));
  };
}
