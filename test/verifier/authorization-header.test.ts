import { describe, expect, it } from "vitest";
import { parseAuthorization } from "../../src/verifier/authorization-header.js";
import { makeWorld, principalIn, problemIn, token, tokenValue } from "./verifier-world.js";

const longest = 16_384;
const read = (value: string | readonly string[] | undefined) => parseAuthorization(value, longest);

describe("the Authorization header (runtime §3)", () => {
  it.each<[string, string | undefined, string, string]>([
    ["none", undefined, "not_authenticated", "Authenticatiegegevens zijn niet opgegeven."],
    ["an empty one", "", "not_authenticated", "Authenticatiegegevens zijn niet opgegeven."],
    [
      "blanks alone, which crash Django programs",
      " \t ",
      "not_authenticated",
      "Authenticatiegegevens zijn niet opgegeven.",
    ],
    ["Basic", "Basic YTpi", "not_authenticated", "Authenticatiegegevens zijn niet opgegeven."],
    ["JWT", "JWT a.b.c", "not_authenticated", "Authenticatiegegevens zijn niet opgegeven."],
    ["Token alone", "Token", "authentication_failed", "Ongeldige token header. Geen login gegevens opgegeven"],
    ["token and blanks", "token  ", "authentication_failed", "Ongeldige token header. Geen login gegevens opgegeven"],
    ["two values", "Token a b", "authentication_failed", "Ongeldige token header. Token mag geen spaties bevatten."],
    [
      "bytes",
      "TOKEN caf\xe9",
      "authentication_failed",
      "Ongeldige token header. Token mag geen ongeldige tekens bevatten.",
    ],
    ["an unknown token", `Token ${"0".repeat(40)}`, "authentication_failed", "Ongeldige token."],
    ["Bearer alone", "Bearer", "authentication_failed", 'Invalid "bearer" header: No credentials provided.'],
    [
      "two bearers",
      "bearer a b",
      "authentication_failed",
      'Invalid "bearer" header: Credentials string should not contain spaces.',
    ],
  ])("answers 401 to %s", async (_name, header, code, detail) => {
    const { authenticate } = await makeWorld([token("forms", tokenValue)]);
    const outcome = await authenticate(header);
    expect(outcome.kind).toBe(code === "not_authenticated" ? "anonymous" : "rejected");
    expect(problemIn(outcome)).toMatchObject({ status: 401, body: { code, detail } });
    principalIn(await authenticate(`Token ${tokenValue}`));
  });

  it.each(["token", "TOKEN", "tOkEn"])("S2 takes the scheme %s, and blanks around the credential", (scheme) => {
    const credential = { kind: "credential", scheme: "token", credential: tokenValue };
    expect(read(`${scheme} ${tokenValue}`)).toEqual(credential);
    expect(read(` \t${scheme} \t ${tokenValue}\t `)).toEqual(credential);
  });

  it.each(["Token", "Bearer", "token", "BEARER"])(
    "F8 takes nothing but spaces and tabs between %s and its credential",
    (scheme) => {
      const unicode = [
        "\u00a0",
        "\u1680",
        "\u2003",
        "\u2028",
        "\u2029",
        "\u202f",
        "\u205f",
        "\u3000",
        "\ufeff",
        "\u200b",
      ];
      for (const blank of [...unicode, "\r", "\n", "\r\n", "\v", "\f", "\0", "\x1c", "\x85", ","]) {
        for (const between of [blank, `${blank} `, `${blank}\t`]) {
          expect({ between, read: read(`${scheme}${between}${tokenValue}`) }).toEqual({
            between,
            read: { kind: "none" },
          });
        }
        expect(read(`${blank}${scheme} ${tokenValue}`)).toEqual({ kind: "none" });
        // Beyond a blank it is a part of the credential, which can't have it.
        expect(read(`${scheme} ${blank}${tokenValue}`)).not.toMatchObject({ credential: tokenValue });
        expect(read(`${scheme} ${tokenValue}${blank}`)).not.toMatchObject({ credential: tokenValue });
      }
      for (const blank of [" ", "\t", "   ", "\t\t", " \t "]) {
        expect(read(`${scheme}${blank}${tokenValue}`)).toMatchObject({ kind: "credential", credential: tokenValue });
      }
    },
  );

  it("F8 reads the scheme of a header that is too long from its first word", () => {
    const rest = "x".repeat(longest);
    expect(read(`Token ${rest}`)).toEqual({ kind: "malformed", scheme: "token", reason: "too_long" });
    expect(read(`\tbearer\t${rest}`)).toEqual({ kind: "malformed", scheme: "bearer", reason: "too_long" });
    expect(read(`Token\u00a0${rest}`)).toEqual({ kind: "malformed", scheme: undefined, reason: "too_long" });
  });

  it.each([
    ["Token", "no_credentials"],
    ["Bearer ", "no_credentials"],
    ["Token a b", "several_credentials"],
    ["Bearer a.b.c trailing", "several_credentials"],
    ["Token a\tb", "several_credentials"],
  ])("S2 refuses %s as malformed", async (header, reason) => {
    expect(read(header)).toMatchObject({ kind: "malformed", reason });
    const { authenticate, reasons } = await makeWorld([token("forms", tokenValue)]);
    const { headers } = problemIn(await authenticate(header));
    expect(headers["WWW-Authenticate"]).toContain('error="invalid_request"');
    expect(reasons()).toEqual([reason]);
  });

  it("S3 refuses two Authorization headers, and takes a list of one", () => {
    const one = `Token ${tokenValue}`;
    expect(read([one, one])).toEqual({ kind: "malformed", scheme: undefined, reason: "several_headers" });
    expect(read(["Basic YTpi", one])).toMatchObject({ reason: "several_headers" });
    expect(read([one])).toEqual(read(one));
    expect(read([])).toEqual({ kind: "none" });
  });

  it("S4 refuses a header of more than 16 KiB before it is looked into, and a megabyte in no time", () => {
    const bearer = (length: number) => `Bearer ${"a".repeat(length - "Bearer ".length)}`;
    expect(read(bearer(longest))).toMatchObject({ kind: "credential", scheme: "bearer" });
    expect(read(bearer(longest + 1))).toEqual({ kind: "malformed", scheme: "bearer", reason: "too_long" });
    const begun = performance.now();
    expect(read(bearer(1_000_000))).toMatchObject({ reason: "too_long" });
    expect(read(`Token a${" ".repeat(longest - 9)}b`)).toMatchObject({ reason: "several_credentials" });
    expect(performance.now() - begun).toBeLessThan(50);
  });

  it.each(["\0", "\r", "\n", "\x1b[31m", "\x7f", "\u00a0", "é", "\u202e"])("S4 refuses %j in a token", (character) => {
    expect(read(`Token ${tokenValue}${character}x`)).toEqual({
      kind: "malformed",
      scheme: "token",
      reason: "invalid_characters",
    });
    expect(read(`Token ${tokenValue}!x`)).toMatchObject({ kind: "credential" });
  });

  it("takes a token of 255 characters, the longest that a file may give, and no longer one", () => {
    expect(read(`Token ${"a".repeat(255)}`)).toMatchObject({ kind: "credential" });
    expect(read(`Token ${"a".repeat(256)}`)).toMatchObject({ kind: "malformed", reason: "too_long" });
  });
});
