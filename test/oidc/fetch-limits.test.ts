import type { RequestListener } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createGuardedFetch, type GuardedFetchOptions } from "../../src/oidc/guarded-fetch.js";
import { makeCertificates } from "../support/certificates.js";
import { always, serve } from "../support/http-server.js";

describe("limits", () => {
  it("S45 stops reading a body that is larger than 512 KiB", async () => {
    let sentBytes = 0;
    let stopped: Promise<void> | undefined;
    const endless: RequestListener = (request, response) => {
      stopped = new Promise((resolve) => request.socket.once("close", () => resolve()));
      const chunk = Buffer.alloc(64 * 1024, "x");
      const send = (): void => {
        if (response.destroyed) return;
        sentBytes += chunk.length;
        if (response.write(chunk)) setImmediate(send);
        else response.once("drain", send);
      };
      send();
    };
    const { origin } = await serve(endless);
    await expect(get(origin)).rejects.toMatchObject({
      retryable: false,
      message: "the server's response is larger than 524288 bytes",
    });
    await stopped;
    // What the sockets' buffers hold was sent but never read.
    expect(sentBytes).toBeLessThan(64 * 1024 * 1024);
  });

  it("S45 accepts a body of exactly the limit, and not one byte more", async () => {
    const exact = await serve(always(200, "x".repeat(100)));
    expect(await (await get(exact.origin, { maxBytes: 100 })).text()).toHaveLength(100);
    const larger = await serve(always(200, "x".repeat(101)));
    await expect(get(larger.origin, { maxBytes: 100 })).rejects.toThrow("larger than 100 bytes");
  });

  it("S45 counts a compressed body as it is after decompression", async () => {
    const compress = (size: number): RequestListener => {
      const body = gzipSync(Buffer.alloc(size, "x"));
      return (_request, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end(body);
    };
    const bomb = await serve(compress(50 * 1024 * 1024));
    await expect(get(bomb.origin)).rejects.toThrow("larger than 524288 bytes");
    const small = await serve(compress(1000));
    const response = await get(small.origin);
    expect(response.headers.get("content-encoding")).toBeNull();
    expect(await response.text()).toHaveLength(1000);
  });

  it("S45 gives up on a server that never answers", async () => {
    const { origin } = await serve(() => {});
    await expect(get(origin, { timeoutMs: 200 })).rejects.toMatchObject({
      retryable: true,
      message: "the server did not send a complete response within 0.2 s",
    });
  });

  it("S45 gives up on a body that comes too slowly, however steadily", async () => {
    const { origin } = await serve(trickle(1000));
    await expect(get(origin, { timeoutMs: 300 })).rejects.toThrow("did not send a complete response within 0.3 s");
  });

  it("S45 accepts a slow body that ends in time", async () => {
    const { origin } = await serve(trickle(5));
    expect(await (await get(origin, { timeoutMs: 10_000 })).text()).toBe(".....");
  });
});

describe("a failure", () => {
  it.each<[string, boolean, RequestListener | undefined]>([
    ["where nobody listens", false, undefined],
    ["where the connection ends", true, (_request, response) => void response.destroy()],
    ["where no answer comes in time", true, () => {}],
    ["where the answer is too large", true, always(200, "x".repeat(1000))],
    ["where the answer is a redirect", true, always(302, "", { location: "/" })],
  ])("F3: %s shows whether there was a connection: %s", async (_what, isConnected, listener) => {
    const { origin, close } = await serve(listener ?? always(200, {}));
    if (!listener) await close();
    await expect(get(origin, { timeoutMs: 500, maxBytes: 100 })).rejects.toMatchObject({ isConnected });
  });

  it("F3: of a TLS handshake is one to connect", async () => {
    const { origin } = await serve(always(200, {}));
    await expect(get(origin.replace("http:", "https:"))).rejects.toMatchObject({ isConnected: false });
    const { server } = await makeCertificates();
    const { origin: untrusted } = await serve(always(200, {}), server);
    await expect(get(untrusted)).rejects.toMatchObject({ isConnected: false });
  });
});

function get(url: string, options: Partial<GuardedFetchOptions> = {}): Promise<Response> {
  return createGuardedFetch({ timeoutMs: 5000, ...options })(url);
}

/** Sends a dot every 20 ms. */
function trickle(count: number): RequestListener {
  return async (_request, response) => {
    for (let sent = 0; sent < count && !response.destroyed; sent += 1) {
      response.write(".");
      await pause(20);
    }
    response.end();
  };
}
