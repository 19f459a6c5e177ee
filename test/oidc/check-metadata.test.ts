import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeCertificates } from "../support/certificates.js";
import { answering, discover, metadata } from "../support/discovery-document.js";
import { always, serve } from "../support/http-server.js";
import { isText, jsonValues } from "../support/json-values.js";
import { temporaryFolder } from "../support/run.js";

describe("the issuer", () => {
  it("S43 refuses another issuer than the base that was asked, naming both", async () => {
    const { origin } = await serve(always(200, metadata("https://other.example/realms/test")));
    expect(await discover(`${origin}/realms/test/`)).toEqual({
      kind: "invalid",
      message: `the provider's issuer is https://other.example/realms/test, but the discovery endpoint belongs to ${origin}/realms/test`,
      hint: "if the provider is the right one, write its issuer as `oidc_op_issuer`",
      otherIssuer: "https://other.example/realms/test",
    });
  });

  it("S43 accepts another host than the one asked where it is the configured issuer", async () => {
    const issuer = "https://public.example/realms/test";
    const { origin } = await serve(always(200, metadata(issuer)));
    expect(await discover(origin, { issuer })).toMatchObject({ kind: "found", issuer });
    expect(await discover(origin, { issuer: "https://public.example" })).toMatchObject({
      kind: "invalid",
      message: `the provider's issuer is ${issuer}, but the configured issuer is https://public.example`,
    });
  });

  it("keeps the slash at the end that the provider's issuer has, however the base was written", async () => {
    const server = await answering(({ origin }) => metadata(`${origin}/`));
    expect(await discover(server.origin)).toMatchObject({ kind: "found", issuer: `${server.origin}/` });
    expect(await discover(`${server.origin}/`)).toMatchObject({ kind: "found", issuer: `${server.origin}/` });
  });

  it("accepts no second slash", async () => {
    const server = await answering(({ origin }) => metadata(`${origin}//`));
    expect(await discover(server.origin)).toMatchObject({ kind: "invalid" });
  });

  it.each([
    ["has a line break", "https://a.example\nb"],
    ["has an escape", "\u001b[31mred"],
    ["is too long", "x".repeat(2001)],
  ])("does not print an issuer that %s", async (_what, issuer) => {
    const { origin } = await serve(always(200, metadata(issuer)));
    expect(await discover(origin)).toMatchObject({
      kind: "invalid",
      message: `the provider's issuer is an invalid URL, but the discovery endpoint belongs to ${origin}`,
    });
  });
});

describe("the endpoints", () => {
  it.each([[undefined], [null], [""]])("F62: misses the keys' URL where it is %j and not written", async (value) => {
    const server = await answering(({ origin }) => ({ ...metadata(origin), jwks_uri: value }));
    expect(await discover(server.origin)).toEqual({
      kind: "invalid",
      message: "the discovery document has no jwks_uri",
      hint: expect.stringContaining("`oidc_op_jwks_endpoint`"),
    });
    expect(await discover(server.origin, { explicitJwks: true })).toMatchObject({ kind: "found" });
  });

  it("F62: needs no more than issuer and keys, as Kubernetes and GitHub Actions publish them", async () => {
    const server = await answering(({ origin }) => ({ issuer: origin, jwks_uri: `${origin}/keys` }));
    expect(await discover(server.origin)).toEqual({
      kind: "found",
      issuer: server.origin,
      jwksEndpoint: `${server.origin}/keys`,
    });
  });

  it.each(["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "end_session_endpoint"] as const)(
    "F62: does not look at the document's %s where one is written, and at each other one still does",
    async (name) => {
      const server = await answering(({ origin }) => ({ ...metadata(origin), [name]: "javascript:alert(1)" }));
      expect(await discover(server.origin, { unused: [name] })).toMatchObject({ kind: "found" });
      const others = (["authorization_endpoint", "token_endpoint"] as const).filter((other) => other !== name);
      expect(await discover(server.origin, { unused: others })).toMatchObject({
        kind: "invalid",
        message: expect.stringContaining(`the discovery document's ${name} is not`),
      });
    },
  );

  it.each([[undefined], [null], [""]])(
    "does without the user, introspection and logout endpoints where they are %j",
    async (value) => {
      const server = await answering(({ origin }) => ({
        ...metadata(origin),
        userinfo_endpoint: value,
        introspection_endpoint: value,
        end_session_endpoint: value,
      }));
      const result = await discover(server.origin);
      expect(result).toMatchObject({ kind: "found" });
      expect(result).toMatchObject({ userinfoEndpoint: undefined, logoutEndpoint: undefined });
    },
  );

  it.each([
    ["authorization_endpoint", "javascript:alert(1)"],
    ["token_endpoint", "/token"],
    ["token_endpoint", 42],
    ["userinfo_endpoint", "https://user:canary-value@idp.example/me"],
    ["userinfo_endpoint", "https://idp.example/canary-value\n"],
    ["introspection_endpoint", "/introspect"],
    ["end_session_endpoint", `https://idp.example/${"x".repeat(2000)}`],
    ["jwks_uri", "file:///etc/keys"],
    ["jwks_uri", ["https://idp.example/keys"]],
  ])("S44 refuses a %s that is not a plain http or https URL", async (name, value) => {
    const server = await answering(({ origin }) => ({ ...metadata(origin), [name]: value }));
    const result = await discover(server.origin);
    expect(result).toMatchObject({
      kind: "invalid",
      message: `the discovery document's ${name} is not an http or https URL without credentials`,
    });
    expect(JSON.stringify(result)).not.toContain("canary-value");
  });

  it.each([
    ["authorization_response_iss_parameter_supported", (value: unknown) => typeof value === "boolean"],
    ["code_challenge_methods_supported", (value: unknown) => Array.isArray(value) && value.every(isText)],
  ])("F7 S102 refuses a %s of another type, which would count as a no", async (name, isSound) => {
    for (const value of jsonValues) {
      const server = await answering(({ origin }) => ({ ...metadata(origin), [name]: value }));
      const result = await discover(server.origin);
      const isTaken = value === null || value === "" || isSound(value);
      expect({ value, kind: result.kind }).toEqual({ value, kind: isTaken ? "found" : "invalid" });
      if (isTaken) continue;
      const message = `the discovery document's ${name} has the wrong type`;
      expect(result).toMatchObject({ message });
    }
  });

  it.each(["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"])(
    "F7 S102 accepts no %s of any other type than text",
    async (name) => {
      for (const value of jsonValues) {
        const server = await answering(({ origin }) => ({ ...metadata(origin), [name]: value }));
        const isMissing = (value === null || value === "") && name.endsWith("_endpoint");
        const kind = isMissing ? "found" : "invalid";
        expect({ value, kind: (await discover(server.origin)).kind }).toEqual({ value, kind });
      }
    },
  );

  it("S44 refuses keys on a foreign host, unless their URL is configured", async () => {
    const server = await answering(({ origin }) => ({ ...metadata(origin), jwks_uri: "http://keys.example/jwks" }));
    expect(await discover(server.origin)).toEqual({
      kind: "invalid",
      message: "the discovery document's jwks_uri is on another host, keys.example",
      hint: expect.stringContaining("`oidc_op_jwks_endpoint` in `endpoint_config`"),
    });
    expect(await discover(server.origin, { explicitJwks: true })).toMatchObject({ kind: "found" });
  });

  it("S44 accepts keys on the issuer's host or on the one that was asked", async () => {
    const issuer = "https://public.example/realms/test";
    const ofIssuer = await serve(always(200, { ...metadata(issuer), jwks_uri: "https://public.example/keys" }));
    expect(await discover(ofIssuer.origin, { issuer })).toMatchObject({ jwksEndpoint: "https://public.example/keys" });
    const asked = await answering(({ origin }) => ({ ...metadata(issuer), jwks_uri: `${origin}/keys` }));
    expect(await discover(asked.origin, { issuer })).toMatchObject({ jwksEndpoint: `${asked.origin}/keys` });
  });

  it.each([
    ...(["authorization_endpoint", "token_endpoint", "userinfo_endpoint"] as const),
    ...(["introspection_endpoint", "end_session_endpoint"] as const),
  ])(
    "S42 refuses http for the %s where the document came by https, unless it is on this machine or configured",
    async (name) => {
      const { authority, server: certificate } = await makeCertificates();
      const caFile = join(temporaryFolder(), "ca.pem");
      writeFileSync(caFile, authority);
      const withEndpoint = (url: string) =>
        answering(({ origin }) => ({ ...metadata(origin), [name]: url }), certificate);
      const insecure = await withEndpoint("http://idp.example/endpoint");
      expect(await discover(insecure.origin, { caFile })).toEqual({
        kind: "invalid",
        message: `the discovery document was served over https, but its ${name} is http`,
        hint: expect.stringContaining("`endpoint_config`"),
      });
      expect(await discover(insecure.origin, { caFile, unused: [name] })).toMatchObject({ kind: "found" });
      const local = await withEndpoint("http://127.0.0.1/endpoint");
      expect(await discover(local.origin, { caFile })).toMatchObject({ kind: "found" });
    },
  );

  it("S44 refuses http for the keys where the document came by https", async () => {
    const { authority, server: certificate } = await makeCertificates();
    const caFile = join(temporaryFolder(), "ca.pem");
    writeFileSync(caFile, authority);
    const keysOver = (protocol: string) =>
      answering(({ origin }) => ({ ...metadata(origin), jwks_uri: origin.replace("https:", protocol) }), certificate);
    const insecure = await keysOver("http:");
    expect(await discover(insecure.origin, { caFile })).toMatchObject({
      kind: "invalid",
      message: "the discovery document was served over https, but its jwks_uri is http",
    });
    expect(await discover(insecure.origin, { caFile, explicitJwks: true })).toMatchObject({ kind: "found" });
    const secure = await keysOver("https:");
    expect(await discover(secure.origin, { caFile })).toMatchObject({ kind: "found" });
  });
});
