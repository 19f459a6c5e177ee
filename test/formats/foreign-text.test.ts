import { describe, expect, it } from "vitest";
import { quoteDescription, quoteForeign } from "../../src/oidc/foreign-text.js";

describe("F58 another party's text, in a log", () => {
  it.each([
    ["https://idp.example.nl/realms/vtb", "https://idp.example.nl/realms/vtb"],
    [["api", 1], '["api",1]'],
    [undefined, "nothing"],
    [null, "null"],
    ["", "an empty string"],
    ["a\n{\u001b[31m\u202e", "a\\n{\\u{1b}[31m\\u{202e}"],
    ["k".repeat(201), `${"k".repeat(200)}…`],
    ["k".repeat(200), "k".repeat(200)],
  ])("is one line of bounded length: %j", (value, shown) => {
    expect(quoteForeign(value)).toBe(shown);
  });

  it("never holds a secret of the request, in any form that it was sent in", () => {
    const secrets = ["s3cret/& value", ""];
    for (const form of secrets.flatMap((secret) => [secret, encodeURIComponent(secret)])) {
      expect(quoteDescription(`bad secret: ${form}.`, secrets)).toBe(`bad secret: ${form && "•••"}.`);
    }
  });

  it.each([
    "vtb_3kTq0Wc8Yx2Lm5Nb7Vz9Rp4Sd6Fg1Hj3Kl5Qw8Er0Ty2",
    "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJqYW4ifQ.c2ln",
    "4f2a9b1c-1111-4222-8333-444455556666.4f2a9b1c-1111-4222-8333-444455556666.4f2a9b1c",
    "9b2f0c6b2a94e7358d1f",
    "x9Kf/2+abcdefghijklmnop==",
  ])("hides what looks like a credential: %s", (credential) => {
    expect(quoteDescription(`Code ${credential} is not valid`)).toBe("Code ••• is not valid");
    expect(quoteDescription(`at https://idp.example.nl/cb?code=${credential}`)).toBe(
      "at https://idp.example.nl/cb?•••",
    );
  });

  it.each([
    "AADSTS700016: Application with identifier '3d5f0c1e-7a7b-4a64-9a55-0b6c5f3f2f6c' was not found",
    "Invalid client or Invalid client credentials",
    "Missing parameter: code_challenge_method",
    "invalid_token_endpoint_authentication_method_configured",
    "redirect_uri https://beheer2.gemeente-voorbeeld.nl/oidc/callback is not registered",
  ])("leaves what explains: %s", (text) => {
    expect(quoteDescription(text)).toBe(text);
  });

  it("hides before it cuts, so that no half of a credential is left", () => {
    const text = `${"x ".repeat(95)}9b2f0c6b2a94e7358d1f9b2f0c6b2a94e7358d1f`;
    expect(quoteDescription(text)).toBe(`${"x ".repeat(95)}•••`);
  });
});
