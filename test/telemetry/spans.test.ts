import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { Secret } from "../../src/secrets/secret.js";
import { freePort } from "../support/http-server.js";
import { type Issuer, json, makeKey, startIssuer, type TestKey } from "../verifier/bearer/issuer.js";
import { clientOf, goodToken, providerOf, start } from "../verifier/bearer/world.js";
import { makeWorld, token, tokenValue } from "../verifier/verifier-world.js";
import { startScraped } from "./scrape.js";

let idp: Issuer;
let key: TestKey;

beforeAll(async () => {
  key = await makeKey("RS256");
});

beforeEach(async () => {
  idp = await startIssuer();
  idp.keys = [key.jwk];
});

afterEach(() => idp.close());

/** A tracer that keeps its spans, and knows in which span a request is. */
function startTracing() {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const manager = new AsyncLocalStorageContextManager().enable();
  context.setGlobalContextManager(manager);
  onTestFinished(async () => {
    context.disable();
    await provider.shutdown();
  });
  return { tracer: provider.getTracer("vtb-setup"), spans: () => exporter.getFinishedSpans() };
}

describe("spans of requests to providers", () => {
  it("follow the conventions for HTTP clients, within the span of the request that they are for", async () => {
    const { tracer, spans } = startTracing();
    const { telemetry } = await startScraped({ tracer });
    const { verifier, setNow } = await makeWorld(
      [providerOf(idp), clientOf({ userinfo_claims_source: "userinfo_endpoint" }), token("a", tokenValue)],
      { telemetry },
    );
    setNow(start);
    idp.onUserinfo = (response) => json(response, { sub: "7d3f" });
    const parent = tracer.startSpan("GET /taken");
    await context.with(trace.setSpan(context.active(), parent), async () => {
      await verifier.authorize(`Token ${tokenValue}`);
      await verifier.authorize(`Bearer ${goodToken(idp, key, {})}`);
    });
    const made = spans().map(({ name, kind, status, attributes, parentSpanContext }) => ({
      name,
      kind,
      status,
      attributes,
      parent: parentSpanContext?.spanId,
    }));
    const { port } = new URL(idp.issuer);
    const usual = {
      "vtb_setup.component": "verifier",
      "http.request.method": "GET",
      "server.address": "127.0.0.1",
      "server.port": Number(port),
      "http.response.status_code": 200,
    };
    const inParent = {
      kind: SpanKind.CLIENT,
      status: { code: SpanStatusCode.UNSET },
      parent: parent.spanContext().spanId,
    };
    expect(made).toEqual([
      {
        name: "GET keys",
        ...inParent,
        attributes: { ...usual, "vtb_setup.provider.endpoint": "keys", "url.full": `${idp.issuer}/jwks` },
      },
      {
        name: "GET userinfo",
        ...inParent,
        attributes: { ...usual, "vtb_setup.provider.endpoint": "userinfo", "url.full": `${idp.issuer}/userinfo` },
      },
    ]);
  });

  it("are errors where the provider answers with one, or not at all, and hold no secret", async () => {
    const { tracer, spans } = startTracing();
    const { telemetry } = await startScraped({ tracer });
    const secret = "a-canary-of-the-client-0f9e8d7c6b5a4321";
    const silent = `http://127.0.0.1:${await freePort()}`;
    const more = {
      introspection_endpoint: `${idp.issuer}/introspect?key=canary-in-a-query`,
      jwks_endpoint: `${silent}/jwks`,
    };
    const { verifier } = await makeWorld(
      [providerOf(idp, "idp", more), clientOf({ client_secret: new Secret(secret) })],
      { telemetry },
    );
    idp.onOther = (response) => void response.writeHead(503).end();
    const now = Math.floor(Date.now() / 1000);
    const signed = goodToken(idp, key, { iat: now, nbf: now, exp: now + 60 });
    const opaque = "an-opaque-canary-77aa";
    for (const credential of [opaque, signed]) await verifier.authorize(`Bearer ${credential}`);
    const seen = spans().map(({ name, status, attributes }) => [name, status.code, attributes["error.type"]]);
    expect(seen).toEqual([
      ["POST introspection", SpanStatusCode.ERROR, "503"],
      ["GET keys", SpanStatusCode.ERROR, "unreachable"],
    ]);
    const text = JSON.stringify(
      spans().map(({ attributes, events, status, name }) => ({ attributes, events, status, name })),
    );
    expect(text).toContain(`${idp.issuer}/introspect`);
    for (const canary of [secret, opaque, signed, "canary-in-a-query"]) expect(text).not.toContain(canary);
  });
});
