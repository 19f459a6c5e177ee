import { setTimeout as pause } from "node:timers/promises";
import { EnvHttpProxyAgent, fetch as plainFetch } from "undici";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { createGuardedFetch, type GuardedFetchOptions } from "../../src/oidc/guarded-fetch.js";
import { always, serve } from "../support/http-server.js";

afterEach(() => vi.unstubAllEnvs());

describe("createGuardedFetch", () => {
  it("gives the answer's status, headers and body", async () => {
    const { origin } = await serve(always(404, { found: false }, { "x-answer": "yes" }));
    const response = await get(origin);
    expect(response).toBeInstanceOf(Response);
    expect([response.status, response.headers.get("x-answer")]).toEqual([404, "yes"]);
    expect(await response.json()).toEqual({ found: false });
  });

  it("sends the method, headers and body that it is given", async () => {
    const { origin } = await serve(async (request, response) => {
      const body = Buffer.concat(await request.toArray()).toString();
      response.end([request.method, request.headers.accept, body].join(" "));
    });
    const init = { method: "POST", headers: { accept: "text/plain" }, body: new URLSearchParams({ a: "b" }) };
    expect(await (await createGuardedFetch({ timeoutMs: 5000 })(origin, init)).text()).toBe("POST text/plain a=b");
  });

  it("gives an empty answer that has no body", async () => {
    const { origin } = await serve((_request, response) => void response.writeHead(204).end());
    expect((await get(origin)).body).toBeNull();
  });

  it.each(["ftp://127.0.0.1/", "file:///etc/hosts", "data:text/plain,hi", "/path", "http://user:word@127.0.0.1/"])(
    "refuses %s: only absolute http and https URLs without credentials are requested",
    async (url) => {
      await expect(get(url)).rejects.toMatchObject({
        retryable: false,
        message: "the URL is not valid",
      });
    },
  );

  it("leaves no connection open", async () => {
    let closed: Promise<string> | undefined;
    const { origin } = await serve((request, response) => {
      closed = new Promise((resolve) => request.socket.once("close", () => resolve("closed")));
      response.end("done");
    });
    await get(origin);
    // An idle connection would be kept for seconds.
    expect(await Promise.race([closed, pause(1000, "still open")])).toBe("closed");
  });

  it("rejects with the reason of a signal that aborts", async () => {
    const { origin } = await serve(() => {});
    const stop = new AbortController();
    const answer = get(origin, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error("stopped by the operator")), 50);
    await expect(answer).rejects.toThrow("stopped by the operator");
  });

  it("rejects at once where the signal has aborted before", async () => {
    const { origin, requests } = await serve(always(200, {}));
    await expect(get(origin, { signal: AbortSignal.abort(new Error("too late")) })).rejects.toThrow("too late");
    expect(requests).toEqual([]);
  });
});

describe("redirects", () => {
  it.each([301, 302, 303, 307, 308])("S45 does not follow status %i and names the target's host", async (status) => {
    const target = await serve(always(200, {}));
    const { origin } = await serve(always(status, "", { location: `${target.origin}/elsewhere?code=hidden` }));
    await expect(get(origin)).rejects.toMatchObject({
      retryable: false,
      message: `the server redirects (status ${status}) to ${new URL(target.origin).host}, which is not followed`,
    });
    expect(target.requests).toEqual([]);
  });

  it("S45 refuses a redirect that names no target", async () => {
    const { origin } = await serve(always(302, ""));
    await expect(get(origin)).rejects.toThrow("to an unknown host, which is not followed");
  });
});

describe("addresses", () => {
  it.each([
    "http://169.254.169.254/latest/meta-data/",
    "http://0xa9fea9fe/",
    "http://2852039166/",
    "http://[::ffff:169.254.169.254]/",
    "http://[fe80::1]/",
    "http://[fd00:ec2::254]/",
    "http://0.0.0.0:1234/",
    "http://[::]:1234/",
  ])("S46 refuses the literal address in %s", async (url) => {
    await expect(get(url)).rejects.toMatchObject({ retryable: false, message: expect.stringContaining("link-local") });
  });

  it("S46 refuses a host name that resolves to a metadata address", async () => {
    const answer = get("http://metadata.example/", {
      resolve: (_hostname, _options, callback) => callback(null, [{ address: "169.254.169.254", family: 4 }]),
    });
    await expect(answer).rejects.toMatchObject({ retryable: false, message: expect.stringContaining("link-local") });
  });

  it("S46 requests a host name that resolves to this machine, at the address that was checked", async () => {
    const { origin } = await serve((request, response) => void response.end(request.headers.host));
    let lookups = 0;
    const response = await get(origin.replace("127.0.0.1", "provider.example"), {
      resolve: (_hostname, _options, callback) => {
        lookups += 1;
        callback(null, [{ address: lookups === 1 ? "127.0.0.1" : "169.254.169.254", family: 4 }]);
      },
    });
    expect(await response.text()).toBe(`provider.example:${new URL(origin).port}`);
    expect(lookups).toBe(1);
  });

  it("S46 ignores the proxies of the environment", async () => {
    const server = await serve(always(200, "direct"));
    const proxy = await serve(always(200, "through the proxy"));
    for (const name of ["HTTP_PROXY", "http_proxy", "ALL_PROXY"]) vi.stubEnv(name, proxy.origin);
    for (const name of ["NO_PROXY", "no_proxy"]) vi.stubEnv(name, "");
    vi.stubEnv("NODE_USE_ENV_PROXY", "1");
    expect(await (await get(server.origin)).text()).toBe("direct");
    expect(proxy.requests).toEqual([]);
    const heedful = new EnvHttpProxyAgent({ proxyTunnel: false });
    onTestFinished(() => heedful.destroy());
    const twin = await plainFetch(server.origin, { dispatcher: heedful });
    expect(await twin.text()).toBe("through the proxy");
  });
});

describe("failures of the network", () => {
  it("reports a refused connection as temporary", async () => {
    const { origin, close } = await serve(always(200, {}));
    await close();
    await expect(get(origin)).rejects.toMatchObject({
      retryable: true,
      message: "the server refused the connection (ECONNREFUSED)",
    });
  });

  it("reports a name that does not resolve as temporary", async () => {
    const answer = get("http://nowhere.example/", {
      resolve: (_hostname, _options, callback) =>
        callback(Object.assign(new Error("getaddrinfo"), { code: "ENOTFOUND" }), []),
    });
    await expect(answer).rejects.toMatchObject({
      retryable: true,
      message: "the server's host name can't be resolved (ENOTFOUND)",
    });
  });

  it("reports a connection that is closed without an answer as temporary", async () => {
    const { origin } = await serve((request) => request.socket.destroy());
    await expect(get(origin)).rejects.toMatchObject({
      retryable: true,
      message: expect.stringContaining("the server closed the connection"),
    });
  });

  it("reports a server that does not speak TLS", async () => {
    const { origin } = await serve(always(200, {}));
    await expect(get(origin.replace("http:", "https:"))).rejects.toMatchObject({
      retryable: true,
      message: expect.stringContaining("the TLS handshake with the server failed"),
    });
  });

  it("refuses a port that HTTP clients never use", async () => {
    await expect(get("http://127.0.0.1:6000/")).rejects.toMatchObject({
      retryable: false,
      message: "the URL's port is blocked for HTTP",
    });
  });
});

function get(url: string, options: Partial<GuardedFetchOptions> = {}): Promise<Response> {
  return createGuardedFetch({ timeoutMs: 5000, ...options })(url);
}
