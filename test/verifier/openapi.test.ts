import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import type { RequireOptions } from "../../src/verifier/requirement.js";
import type { Verifier } from "../../src/verifier/verifier.js";
import { clientOf, providerOf } from "./bearer/world.js";
import { makeWorld } from "./verifier-world.js";

const keycloak = { issuer: "https://keycloak.gemeente.example/realms/vtb" };
const entra = { issuer: "https://login.example/tenant/" };

const tokenScheme = {
  type: "apiKey",
  in: "header",
  name: "Authorization",
  description: "An API token, after the word Token and a space: `Token VALUE`",
};

function openIdConnect(openIdConnectUrl: string) {
  return {
    type: "openIdConnect",
    openIdConnectUrl,
    description: expect.stringContaining("An access token of https://"),
  };
}

/** What is wrong with an OpenAPI document that has the schemes, and a route for each requirement. */
async function errorsOf(version: string, verifier: Verifier, requirements: readonly RequireOptions[]) {
  const { securitySchemes, security } = await verifier.openapi();
  const responses = { 200: { description: "In" } };
  const routes = await Promise.all(
    requirements.map(async (required, index) => {
      const { security } = await verifier.openapi(required);
      for (const name of security.flatMap((one) => Object.keys(one))) expect(securitySchemes).toHaveProperty([name]);
      return [`/route-${index}`, { get: { responses, security } }] as const;
    }),
  );
  const info = { title: "Taken API", version: "1.0.0" };
  const paths = { "/taken": { get: { responses } }, ...Object.fromEntries(routes) };
  const document = { openapi: version, info, paths, components: { securitySchemes }, security };
  return (await new Validator().validate(document)).errors;
}

describe("verifier.openapi()", () => {
  it("has a scheme for API tokens, and one for each client that accepts tokens", async () => {
    const { verifier } = await makeWorld(
      [
        providerOf(keycloak),
        providerOf(entra, "entra"),
        clientOf(),
        clientOf({ provider: "entra" }, "portal"),
        clientOf({}, "not-of-this-verifier"),
      ],
      { clients: ["api-oidc", "portal"] },
    );
    expect(await verifier.openapi()).toEqual({
      securitySchemes: {
        token: tokenScheme,
        "bearer-api-oidc": openIdConnect(`${keycloak.issuer}/.well-known/openid-configuration`),
        "bearer-portal": openIdConnect(`${entra.issuer}.well-known/openid-configuration`),
      },
      security: [{ token: [] }, { "bearer-api-oidc": [] }, { "bearer-portal": [] }],
    });
    const security = async (required: RequireOptions) => (await verifier.openapi(required)).security;
    expect(await security({ accept: ["token"] })).toEqual([{ token: [] }]);
    expect(await security({ accept: ["bearer"], clients: ["portal"] })).toEqual([{ "bearer-portal": [] }]);
    expect(await security({ clients: ["portal"] })).toEqual([{ token: [] }, { "bearer-portal": [] }]);
    await expect(security({ accept: [] })).rejects.toThrow(TypeError);
    expect(verifier.catalogue().permissions).toEqual([]);
  });

  it("follows the database, and never calls a route public", async () => {
    const { verifier, apply } = await makeWorld([providerOf(keycloak), clientOf()]);
    const names = async () => Object.keys((await verifier.openapi()).securitySchemes);
    expect(await names()).toEqual(["token", "bearer-api-oidc"]);
    await apply([providerOf(entra)]);
    expect((await verifier.openapi()).securitySchemes["bearer-api-oidc"]).toEqual(
      openIdConnect(`${entra.issuer}.well-known/openid-configuration`),
    );
    await apply([clientOf({ enabled: false })]);
    expect(await names()).toEqual(["token", "bearer"]);
    expect((await verifier.openapi({ accept: ["bearer"] })).security).toEqual([{ bearer: [] }]);
    expect(await errorsOf("3.1.0", verifier, [{ accept: ["bearer"] }, { clients: ["api-oidc"] }])).toBeUndefined();
    const { verifier: withoutClients } = await makeWorld([], { clients: [] });
    expect(await withoutClients.openapi()).toEqual({
      securitySchemes: { token: tokenScheme },
      security: [{ token: [] }],
    });
  });

  it("a client of an unknown issuer has a plain bearer scheme", async () => {
    const { verifier } = await makeWorld([providerOf(keycloak, "idp", { issuer: null }), clientOf()]);
    expect((await verifier.openapi()).securitySchemes["bearer-api-oidc"]).toEqual({
      type: "http",
      scheme: "bearer",
      bearerFormat: "JWT",
      description: "An access token for api-oidc",
    });
  });

  it.each(["3.0.3", "3.1.0"])("fits into a valid document of OpenAPI %s", async (version) => {
    const { verifier } = await makeWorld([providerOf(keycloak), clientOf()], { clients: ["api-oidc", "missing"] });
    const requirements: readonly RequireOptions[] = [
      { permission: "taken.view_externetaak" },
      { accept: ["token"] },
      { accept: ["bearer"] },
      { clients: ["missing"], accept: ["bearer"] },
    ];
    expect(await errorsOf(version, verifier, requirements)).toBeUndefined();
  });

  it("the validator would notice", async () => {
    const { verifier } = await makeWorld([]);
    const openapi = async () => ({ securitySchemes: { token: { type: "apiKey" } }, security: [] });
    // As a fault of this package would.
    expect(await errorsOf("3.1.0", { ...verifier, openapi } as unknown as Verifier, [])).not.toBeUndefined();
  });
});
