import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeCertificates } from "../support/certificates.js";
import { answering, discover, metadata } from "../support/discovery-document.js";
import { always, serve, type TestServer } from "../support/http-server.js";
import { type OpenIdProvider, startOpenIdProvider } from "../support/openid-provider.js";
import { temporaryFolder } from "../support/run.js";

const documentPath = "/.well-known/openid-configuration";

describe("a real provider", () => {
  it.each(["/", "", documentPath])(
    "A7.44 fills in every endpoint, with one request, asked at its base followed by %j",
    async (end) => {
      const { issuer, requests } = await provider();
      expect(await discover(issuer + end)).toEqual({
        kind: "found",
        issuer,
        authorizationEndpoint: `${issuer}/auth`,
        tokenEndpoint: `${issuer}/token`,
        userinfoEndpoint: `${issuer}/me`,
        jwksEndpoint: `${issuer}/jwks`,
        logoutEndpoint: `${issuer}/session/end`,
        offers: {
          signAlgorithms: ["RS256"],
          pkceMethods: ["S256"],
          scopes: ["openid", "offline_access", "email", "profile", "roles"],
          authMethods: expect.any(Array),
        },
      });
      expect(requests).toEqual([`/realms/test${documentPath}`]);
    },
  );

  it("is found at the root of its host, too", async () => {
    const { issuer } = await provider("/");
    expect(await discover(issuer)).toMatchObject({ kind: "found", issuer, jwksEndpoint: `${issuer}/jwks` });
  });

  it("S43 accepts the configured issuer only when it is the same byte for byte", async () => {
    const { issuer, discoveryEndpoint } = await provider();
    expect(await discover(discoveryEndpoint, { issuer })).toMatchObject({ kind: "found", issuer });
    expect(await discover(discoveryEndpoint, { issuer: `${issuer}/` })).toEqual({
      kind: "invalid",
      message: `the provider's issuer is ${issuer}, but the configured issuer is ${issuer}/`,
      hint: expect.stringContaining("`oidc_op_issuer`"),
      otherIssuer: issuer,
    });
  });
});

describe("what may pass", () => {
  it.each([403, 404, 408, 425, 429, 500, 502, 503])(
    "A7.45 fails on status %i, which a later try may not",
    async (status) => {
      const { origin, requests } = await serve(always(status, { error: "hidden" }));
      expect(await discover(origin)).toEqual({
        kind: "unreachable",
        message: `the provider answered with status ${status}`,
        hint: expect.stringContaining("may still be starting"),
      });
      expect(requests).toHaveLength(1);
    },
  );

  it("A7.45 fails on a provider that does not answer in time", async () => {
    const { origin } = await serve(() => {});
    expect(await discover(origin, { timeoutMs: 200 })).toEqual({
      kind: "unreachable",
      message: "the server did not send a complete response within 0.2 s",
      hint: expect.stringContaining("check host and port"),
    });
  });

  it("A7.45 fails on a refused connection", async () => {
    const { origin, close } = await serve(always(200, {}));
    await close();
    expect(await discover(origin)).toEqual({
      kind: "unreachable",
      message: "the server refused the connection (ECONNREFUSED)",
      hint: expect.stringContaining("check host and port"),
    });
  });

  it("S53 fails on a private authority that is not given, and finds the provider with it", async () => {
    const { authority, server } = await makeCertificates();
    const { origin } = await answering(({ origin }) => metadata(origin), server);
    expect(await discover(origin)).toMatchObject({
      kind: "unreachable",
      hint: expect.stringContaining("`oidc_op_ca_file`"),
    });
    const caFile = join(temporaryFolder(), "ca.pem");
    writeFileSync(caFile, authority);
    expect(await discover(origin, { caFile })).toMatchObject({ kind: "found", issuer: origin });
  });
});

describe("F62 redirects within the same origin", () => {
  /** A server that redirects so often before it gives its document. */
  const redirecting = async (times: number, to: (count: number, origin: string) => string) => {
    let count = 0;
    const server: TestServer = await serve((_request, response) => {
      count += 1;
      if (count > times) return always(200, metadata(server.origin))(_request, response);
      response.writeHead([301, 302, 307, 308][count % 4] ?? 302, { location: to(count, server.origin) }).end("moved");
    });
    return server;
  };

  it.each([1, 2, 3])("are followed %i times", async (times) => {
    const { origin, requests } = await redirecting(times, (count, own) => (count === 1 ? `${own}/a` : `/b/${count}`));
    expect(await discover(origin)).toMatchObject({ kind: "found", issuer: origin });
    expect(requests).toEqual([documentPath, "/a", "/b/2", "/b/3"].slice(0, times + 1));
  });

  it("are refused the fourth time, as a loop is", async () => {
    const { origin, requests } = await redirecting(99, () => documentPath);
    expect(await discover(origin)).toMatchObject({
      kind: "invalid",
      message: expect.stringContaining(`to ${origin}${documentPath}, more than 3 times`),
    });
    expect(requests).toHaveLength(4);
  });

  it.each([
    ["another port", (origin: string) => origin.replace(/\d+$/, "1")],
    ["another name of this machine", (origin: string) => origin.replace("127.0.0.1", "localhost")],
    ["another scheme", (origin: string) => origin.replace("http:", "https:")],
    ["a host after two slashes", () => "//other.example/"],
    ["credentials", (origin: string) => origin.replace("//", "//user:canary-value@")],
    ["no URL", () => "http://[/"],
    ["a file", () => "file:///etc/passwd"],
  ])("are none with %s, also behind one", async (_what, to) => {
    const { origin, requests } = await redirecting(2, (count, own) => (count === 1 ? "/a" : to(own)));
    const result = await discover(origin);
    expect(result).toMatchObject({ kind: "invalid", message: expect.stringContaining("the server redirects") });
    expect(JSON.stringify(result)).not.toContain("canary-value");
    expect(requests).toEqual([documentPath, "/a"]);
  });

  it("do not make another issuer the expected one", async () => {
    const server: TestServer = await serve((request, response) =>
      request.url === "/b"
        ? always(200, metadata(`${server.origin}/b`))(request, response)
        : always(302, "", { location: "/b" })(request, response),
    );
    const { origin } = server;
    const message = expect.stringContaining(`issuer is ${origin}/b`);
    expect(await discover(`${origin}/a`)).toMatchObject({ kind: "invalid", message });
    expect(await discover(`${origin}/a`, { issuer: `${origin}/b` })).toMatchObject({ kind: "found" });
  });
});

describe("what does not pass", () => {
  it.each([201, 204, 400, 401, 405, 410])("S45 refuses status %i", async (status) => {
    const { origin } = await serve(always(status, status === 204 ? "" : { error: "hidden" }));
    expect(await discover(origin)).toMatchObject({
      kind: "invalid",
      message: `the provider answered with status ${status}`,
    });
  });

  it("F62 S45 refuses a redirect to another origin without following it, and says what to write", async () => {
    const target = await answering(({ origin }) => metadata(origin));
    const location = `${target.origin}/realms/test${documentPath}?session=canary-value`;
    const { origin } = await serve(always(302, "", { location }));
    expect(await discover(origin)).toEqual({
      kind: "invalid",
      message: `the server redirects (status 302) to ${target.origin}/realms/test${documentPath}, which is not followed`,
      hint: `if that is the provider, write ${target.origin}/realms/test/ as its URL; only redirects within the same scheme, host and port are followed`,
    });
    expect(target.requests).toEqual([]);
  });

  it.each(["text/html", "text/plain", "application/jwt", "application/jsonp", ""])(
    "S45 refuses a document of the content type %j, although it is JSON",
    async (type) => {
      const server = await answering(({ origin }) => metadata(origin), undefined, { "content-type": type });
      expect(await discover(server.origin)).toMatchObject({
        kind: "invalid",
        message: `the provider's response is not application/json (${type || "nothing"})`,
      });
    },
  );

  it("S45 accepts a content type with parameters", async () => {
    const headers = { "content-type": "Application/JSON; charset=UTF-8" };
    const server = await answering(({ origin }) => metadata(origin), undefined, headers);
    expect(await discover(server.origin)).toMatchObject({ kind: "found" });
  });

  it("S45 refuses a document larger than 512 KiB", async () => {
    const server = await answering(({ origin }) => ({ ...metadata(origin), filler: "x".repeat(512 * 1024) }));
    expect(await discover(server.origin)).toMatchObject({
      kind: "invalid",
      message: "the server's response is larger than 524288 bytes",
    });
  });

  it("accepts a large document below that", async () => {
    const server = await answering(({ origin }) => ({ ...metadata(origin), filler: "x".repeat(500 * 1024) }));
    expect(await discover(server.origin)).toMatchObject({ kind: "found" });
  });

  it.each([
    ["no JSON", "canary-value"],
    ["half of an object", '{"issuer": "canary-value'],
    ["a list", '["canary-value"]'],
    ["a text", '"canary-value"'],
    ["null", "null"],
    ["nothing", ""],
    ["an empty object", "{}"],
    ["an issuer that is a number", '{"issuer": 1, "x": "canary-value"}'],
    [
      "an issuer twice, which two parsers would read differently",
      '{"issuer": "https://a.example", "issuer": "canary-value"}',
    ],
    ["very deep nesting", `{"issuer": "a", "x": ${"[".repeat(200_000)}${"]".repeat(200_000)}}`],
  ])("refuses %s without quoting it", async (_what, body) => {
    const { origin } = await serve(always(200, body, { "content-type": "application/json" }));
    const result = await discover(origin);
    expect(result).toMatchObject({ kind: "invalid", hint: expect.stringContaining("`oidc_op_discovery_endpoint`") });
    expect(JSON.stringify(result)).not.toContain("canary-value");
  });

  it.each(["", "not a URL", "ftp://127.0.0.1/", "http://user:canary-value@127.0.0.1/"])(
    "refuses to request %j",
    async (endpoint) => {
      const result = await discover(endpoint);
      expect(result).toMatchObject({
        kind: "invalid",
        message: "the discovery endpoint is not a valid URL",
      });
      expect(JSON.stringify(result)).not.toContain("canary-value");
    },
  );

  it("S46 refuses to request a metadata address", async () => {
    expect(await discover("http://169.254.169.254/realms/test/")).toMatchObject({
      kind: "invalid",
      message: expect.stringContaining("link-local, metadata or unspecified address"),
    });
  });

  it("refuses a CA file that can't be read", async () => {
    expect(await discover("https://127.0.0.1:1/", { caFile: "missing/ca.pem" })).toMatchObject({
      kind: "invalid",
      message: "the CA file missing/ca.pem can't be read",
    });
  });
});

describe("a signal", () => {
  it("ends the request, and the promise rejects with its reason", async () => {
    const { origin } = await serve(() => {});
    const stop = new AbortController();
    const result = discover(origin, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error("stopped by the operator")), 50);
    await expect(result).rejects.toThrow("stopped by the operator");
  });
});

async function provider(path?: string): Promise<OpenIdProvider> {
  const started = await startOpenIdProvider(path === undefined ? {} : { path });
  onTestFinished(() => started.close());
  return started;
}
