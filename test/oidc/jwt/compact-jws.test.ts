import { describe, expect, it } from "vitest";
import { createJwsParser } from "../../../src/oidc/jwt/jws.js";

const encode = (part: string | object) =>
  Buffer.from(typeof part === "string" ? part : JSON.stringify(part)).toString("base64url");
const header = { alg: "RS256", typ: "JWT", kid: "k" };
const signature = encode("signature");

function tokenOf(head: string | object, payload: string | object = { sub: "u" }): string {
  return `${encode(head)}.${encode(payload)}.${signature}`;
}

function read(token: string) {
  const parsed = createJwsParser()(token);
  return parsed.kind === "rejected" ? parsed.reason : parsed.kind;
}

describe("a compact JWS", () => {
  it("S9 is three parts, taken apart without a change", () => {
    const token = tokenOf(header, { sub: "jan", aud: ["a"] });
    expect(createJwsParser()(token)).toEqual({
      kind: "jws",
      header: { alg: "RS256", typ: "JWT", kid: "k" },
      claims: { sub: "jan", aud: ["a"] },
      signed: token.slice(0, token.lastIndexOf(".")),
      signature: Buffer.from("signature"),
    });
  });

  const good = tokenOf(header);
  const [head = "", payload = ""] = good.split(".");
  it.each([
    ["two parts", `${head}.${payload}`],
    ["an empty signature", `${head}.${payload}.`],
    ["an empty payload", `${head}..${signature}`],
    ["an empty header", `.${payload}.${signature}`],
    ["the five parts of a JWE", `${head}.${payload}.${signature}.${signature}.${signature}`],
    ["padding", `${head}.${payload}.${signature}==`],
    ["white space at its end", `${good} `],
    ["white space inside", `${head}.${payload}. ${signature}`],
    ["a line break", `${head}.\n${payload}.${signature}`],
    ["the other base64 alphabet", `${head}.${payload}.${Buffer.from([255, 255, 255]).toString("base64")}`],
    ["letters that only end in the same byte", `${head}.${payload}.${signature.replace("c", "ţ")}`],
    ["JSON serialization", JSON.stringify({ protected: head, payload, signature })],
    ["no text at all", ""],
    ["one part, of which header, claims and signature could be read", `${head}A`],
    ["a header that is no base64url", `${head}!.${payload}.${signature}`],
  ])("S9 is refused with %s", (_what, token) => {
    expect(read(token)).toBe("malformed");
    expect(read(good)).toBe("jws");
  });

  it("S9 is refused with stray bits after its last byte", () => {
    expect(read(`${head}.${payload}.QQ`)).toBe("jws");
    expect(read(`${head}.${payload}.QR`)).toBe("malformed");
  });

  it("S4 S10 is refused when it is longer than 16 KiB", () => {
    // Four A's are three bytes; one letter alone would be none.
    const body = ["u", "uu"]
      .map((sub) => encode({ sub }))
      .find((part) => (16_382 - head.length - part.length) % 4 !== 1);
    const start = `${head}.${body}.`;
    const padded = (length: number) => start + "A".repeat(length - start.length);
    expect(read(padded(16 * 1024))).toBe("jws");
    expect(read(padded(16 * 1024 + 4))).toBe("too_long");
  });

  it("S10 is refused with a header of more than 4 KiB", () => {
    const headerOf = (length: number) => {
      const empty = JSON.stringify({ alg: "RS256", x: "" });
      return tokenOf({ alg: "RS256", x: "x".repeat((length / 4) * 3 - empty.length) });
    };
    expect(headerOf(4096).indexOf(".")).toBe(4096);
    expect(read(headerOf(4096))).toBe("jws");
    expect(read(headerOf(4100))).toBe("malformed_header");
  });

  it.each([
    ["a list", "[]"],
    ["a text", '"x"'],
    ["null", "null"],
    ["nothing but a half", '{"alg":"RS256"'],
    ["a byte order mark", '\ufeff{"alg":"RS256"}'],
    ["the same name twice", '{"alg":"none","alg":"RS256"}'],
    ["the same name twice, once escaped", '{"alg":"none","\\u0061lg":"RS256"}'],
  ])("S10 is refused with a header or payload that is %s", (_what, json) => {
    expect(read(tokenOf(json))).toBe("malformed_header");
    expect(read(tokenOf(header, json))).toBe("malformed_payload");
  });

  it("S10 is refused with bytes that are not UTF-8, and accepted with those that are", () => {
    const bytes = (...codes: number[]) =>
      Buffer.concat([Buffer.from('{"sub":"'), Buffer.from(codes), Buffer.from('"}')]).toString("base64url");
    expect(read(`${head}.${bytes(0xc3, 0xa9)}.${signature}`)).toBe("jws");
    expect(read(`${head}.${bytes(0xe9)}.${signature}`)).toBe("malformed_payload");
    // An overlong form, and a half of a surrogate pair.
    expect(read(`${head}.${bytes(0xc0, 0xaf)}.${signature}`)).toBe("malformed_payload");
    expect(read(`${head}.${bytes(0xed, 0xa0, 0x80)}.${signature}`)).toBe("malformed_payload");
  });

  it("S10 is refused when it is nested deeper than 16 levels", () => {
    const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
    expect(read(tokenOf(header, nested(16)))).toBe("jws");
    expect(read(tokenOf(header, nested(17)))).toBe("malformed_payload");
    expect(read(tokenOf(header, `{"a":${"[".repeat(3000)}${"]".repeat(3000)}}`))).toBe("malformed_payload");
  });

  it.each([
    ["no alg", {}],
    ["a number as alg", { alg: 256 }],
    ["a list as alg", { alg: ["RS256"] }],
    ["a number as kid", { alg: "RS256", kid: 1 }],
    ["a list as typ", { alg: "RS256", typ: ["JWT"] }],
  ])("S11 is refused with %s", (_what, odd) => {
    expect(read(tokenOf(odd))).toBe("malformed_header");
    expect(read(tokenOf({ alg: "RS256", kid: "1", typ: "JWT" }))).toBe("jws");
  });

  it("S19 is refused with a kid of 10 KB, and accepted with one that is like a path", () => {
    expect(read(tokenOf({ alg: "RS256", kid: "k".repeat(10_000) }))).toBe("malformed_header");
    expect(read(tokenOf({ alg: "RS256", kid: "k".repeat(1025) }))).toBe("malformed_header");
    expect(read(tokenOf({ alg: "RS256", kid: "k".repeat(1024) }))).toBe("jws");
    expect(read(tokenOf({ alg: "RS256", kid: "../../etc/passwd" }))).toBe("jws");
    expect(read('{"alg":"RS256","kid":"__proto__"}')).toBe("malformed");
  });

  it.each([
    ["an unknown critical extension", { crit: ["x"], x: 1 }],
    ["an empty crit", { crit: [] }],
    ["a crit that is a text", { crit: "exp" }],
    ["a registered header in crit", { crit: ["alg"] }],
    ["an unencoded payload", { b64: false, crit: ["b64"] }],
    ["b64 without crit", { b64: false }],
  ])("S17 is refused with %s", (_what, more) => {
    expect(read(tokenOf({ ...header, ...more }))).toBe("unsupported_header");
  });

  it.each(["zip", "enc", "p2c", "p2s", "epk", "cty"])("S21 is refused with %s in its header", (name) => {
    expect(read(tokenOf({ ...header, [name]: "DEF" }))).toBe("unsupported_header");
    expect(read(tokenOf({ ...header, other: "DEF" }))).toBe("jws");
  });

  it("remembers good headers only, and not without end", () => {
    const parse = createJwsParser();
    expect(parse(tokenOf({ alg: 1 })).kind).toBe("rejected");
    expect(parse(tokenOf({ alg: 1 })).kind).toBe("rejected");
    for (let index = 0; index < 200; index += 1) {
      expect(parse(tokenOf({ alg: "RS256", kid: `k${index}` }))).toMatchObject({ header: { kid: `k${index}` } });
    }
  });
});
