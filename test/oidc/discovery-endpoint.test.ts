import { describe, expect, it } from "vitest";
import { parseDiscoveryEndpoint } from "../../src/oidc/check-metadata.js";

describe("parseDiscoveryEndpoint", () => {
  it.each([
    ["https://idp.example/realms/x", "https://idp.example/realms/x/.well-known/openid-configuration"],
    ["https://idp.example/realms/x/", "https://idp.example/realms/x/.well-known/openid-configuration"],
    [
      "https://idp.example/realms/x/.well-known/openid-configuration",
      "https://idp.example/realms/x/.well-known/openid-configuration",
    ],
    ["https://idp.example", "https://idp.example/.well-known/openid-configuration"],
    [" https://idp.example/ ", "https://idp.example/.well-known/openid-configuration"],
    ["https://idp.example/v2?policy=a#top", "https://idp.example/v2/.well-known/openid-configuration?policy=a"],
  ])("finds the document of %s", (written, documentUrl) => {
    expect(parseDiscoveryEndpoint(written)?.documentUrl.href).toBe(documentUrl);
  });

  it("knows the base as it was written and as URLs are normalised", () => {
    expect(parseDiscoveryEndpoint("https://IDP.example:443/realms/x/")?.bases).toEqual([
      "https://IDP.example:443/realms/x",
      "https://idp.example/realms/x",
    ]);
    expect(parseDiscoveryEndpoint("https://idp.example/.well-known/openid-configuration?a=b")?.bases).toEqual([
      "https://idp.example",
    ]);
  });

  it.each([
    "",
    "idp.example",
    "/realms/x",
    "ftp://idp.example/",
    "https://user@idp.example/",
    "https://:word@idp.example/",
  ])("refuses %j", (written) => expect(parseDiscoveryEndpoint(written)).toBeUndefined());
});
