import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { type AddressInfo, isIP } from "node:net";
import type { Admin } from "../admin/admin.js";
import { mountAdmin, type RequestLike } from "../admin/express.js";
import { setupError } from "../errors.js";

export interface ListenAddress {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
}

/** A server that accepts connections, and answers once it has the pages. */
export interface AdminServer {
  /** Where it listens. */
  readonly address: ListenAddress;
  readonly serve: (admin: Admin) => void;
  /** Lets requests under way end, for some seconds. */
  readonly close: () => Promise<void>;
}

interface ServerOptions {
  readonly trustedProxies: number;
  readonly log: (event: object) => void;
}

// As much as is read of cookies; tokens of other programs on the host can be long.
const maxHeaderSize = 32 * 1024;
const requestTimeout = 30_000;
const closeTimeoutMs = 5000;

/** @throws SetupError `LISTEN_FAILED` (unavailable) */
export async function listenForAdmin(
  { host, port }: ListenAddress,
  { trustedProxies, log }: ServerOptions,
): Promise<AdminServer> {
  let ready: (listener: RequestListener) => void = () => {};
  const listening = new Promise<RequestListener>((resolve) => {
    ready = resolve;
  });
  const server = createServer({ maxHeaderSize, requestTimeout }, (request, response) => {
    void listening.then((listener) => listener(request, response));
  });
  // Node answers by itself where headers are too large, and says so to nobody.
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const isTooLarge = error.code === "HPE_HEADER_OVERFLOW";
    if (isTooLarge) log({ kind: "headers_too_large", maxBytes: maxHeaderSize });
    if (error.code === "ECONNRESET" || !socket.writable) return;
    const status = isTooLarge ? "431 Request Header Fields Too Large" : "400 Bad Request";
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenFailed(error)));
    server.listen(port, host, () => resolve());
  });
  return {
    // Not a pipe, which alone has no address.
    address: { host, port: (server.address() as AddressInfo).port },
    serve: (admin) => {
      const answer = mountAdmin(admin);
      ready((request, response) => answer(withAddress(request, trustedProxies), response));
    },
    close: async () => {
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), closeTimeoutMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

function listenFailed({ code = "unknown error" }: NodeJS.ErrnoException): Error {
  const why = { EADDRINUSE: "another program listens there", EACCES: "permission denied" }[code] ?? code;
  const hint = "end that program, or listen elsewhere with --listen";
  return setupError("unavailable", "LISTEN_FAILED", `can't listen at the address of --listen: ${why}`, hint);
}

/** Each trusted proxy has added one address to the end of the header; what stands before these, anybody may have sent. */
export function forwardedAddress(header: string | undefined, trustedProxies: number): string | undefined {
  if (trustedProxies === 0) return undefined;
  const address = header?.split(",").at(-trustedProxies)?.trim();
  return address !== undefined && isIP(address) > 0 ? address : undefined;
}

function withAddress(request: IncomingMessage, trustedProxies: number): RequestLike {
  const header = request.headers["x-forwarded-for"];
  const ip = forwardedAddress(Array.isArray(header) ? header.join(",") : header, trustedProxies);
  return ip === undefined ? request : Object.assign(request, { ip });
}
