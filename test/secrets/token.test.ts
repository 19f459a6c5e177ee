import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { Secret } from "../../src/secrets/secret.js";
import {
  checkTokenFormat,
  digestToken,
  generatedTokenPattern,
  generateToken,
  tokenWeakness,
} from "../../src/secrets/token.js";

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

function base62Value(digits: string): number {
  return [...digits].reduce((value, digit) => value * 62 + base62.indexOf(digit), 0);
}

describe("digestToken", () => {
  it("S59 gives the SHA-256 in hex, of which the token is no part", () => {
    // FIPS 180-2, appendix B.1.
    expect(digestToken(new Secret("abc"))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const token = generateToken();
    const digest = digestToken(token);
    expect(digest).toBe(createHash("sha256").update(token.reveal()).digest("hex"));
    expect(digest).not.toContain(token.reveal());
  });

  it("digests the UTF-8 of a token that is not ASCII", () => {
    const expected = createHash("sha256").update(Buffer.from("clé", "utf8")).digest("hex");
    expect(digestToken(new Secret("clé"))).toBe(expected);
  });
});

describe("generateToken", () => {
  it("S57 generates vtb_, 40 base62 characters and their CRC-32 in six base62 digits", () => {
    for (let round = 0; round < 500; round += 1) {
      const token = generateToken().reveal();
      expect(token).toMatch(/^vtb_[0-9A-Za-z]{40}[0-9A-Za-z]{6}$/);
      expect(base62Value(token.slice(-6))).toBe(crc32(token.slice(0, -6)));
    }
  });

  it("pads a small checksum with zeros", () => {
    const made = Array.from({ length: 2000 }, () => generateToken().reveal());
    const padded = made.filter((token) => token.charAt(44) === "0");
    // One in five: six base62 digits hold thirteen times what a CRC-32 needs.
    expect(padded.length).toBeGreaterThan(0);
    expect(made.filter((token) => token.length !== 50 || checkTokenFormat(token) !== "generated")).toEqual([]);
  });

  it("S57 uses at least 160 random bits, each character equally likely", () => {
    // Every byte there is, in turn: those that would make some characters likelier have to be dropped.
    let next = 0;
    const everyByte = (size: number) => Uint8Array.from({ length: size }, () => next++ % 256);
    const counts = new Map<string, number>();
    for (let round = 0; round < 31; round += 1) {
      for (const character of generateToken(everyByte).reveal().slice(4, 44)) {
        counts.set(character, (counts.get(character) ?? 0) + 1);
      }
    }
    // 31 tokens of 40 characters are 1240, 62 times 20.
    expect(new Set(counts.values())).toEqual(new Set([20]));
    expect(40 * Math.log2(counts.size)).toBeGreaterThan(160);
  });

  it("never generates the same one twice", () => {
    expect(new Set(Array.from({ length: 1000 }, () => generateToken().reveal())).size).toBe(1000);
  });

  it("generates no token that is reported as weak", () => {
    expect(tokenWeakness(generateToken())).toBeUndefined();
  });
});

describe("generatedTokenPattern", () => {
  it("S57 finds a token in a text, for secret scanners", () => {
    const token = generateToken().reveal();
    expect(generatedTokenPattern.exec(`Authorization: Token ${token}\n`)?.[0]).toBe(token);
    expect(generatedTokenPattern.exec(`token="${token}"`)?.[0]).toBe(token);
  });

  it("leaves longer, shorter and other words alone", () => {
    const token = generateToken().reveal();
    expect(generatedTokenPattern.test(`${token}x`)).toBe(false);
    expect(generatedTokenPattern.test(token.slice(0, -1))).toBe(false);
    expect(generatedTokenPattern.test(`x${token}`)).toBe(false);
  });
});

describe("checkTokenFormat", () => {
  const token = generateToken((size) => Uint8Array.from({ length: size }, (_, index) => index)).reveal();

  it("knows a generated token", () => {
    expect(checkTokenFormat(token)).toBe("generated");
  });

  it("S57 finds each single mistyped character, and two that changed places", () => {
    for (let place = 4; place < token.length; place += 1) {
      const other = token.charAt(place) === "x" ? "y" : "x";
      expect(checkTokenFormat(token.slice(0, place) + other + token.slice(place + 1))).toBe("mistyped");
    }
    expect(checkTokenFormat(token.slice(0, 10) + token.charAt(11) + token.charAt(10) + token.slice(12))).toBe(
      "mistyped",
    );
    expect(checkTokenFormat(`${token.slice(0, 20)}-${token.slice(21)}`)).toBe("mistyped");
  });

  it.each([
    ["nothing", ""],
    ["one character less", token.slice(0, -1)],
    ["one character more", `${token}0`],
    ["another prefix", `VTB_${token.slice(4)}`],
    ["a hexadecimal token", "ba9d233e95e04c4a8a661a27daffe7c9bd019067"],
    ["a token after a space", ` ${token}`.slice(0, 50)],
    ["a digest of 64 digits", digestToken(new Secret(token))],
  ])("leaves %s to others", (_name, text) => {
    expect(checkTokenFormat(text)).toBe("foreign");
  });
});

describe("tokenWeakness", () => {
  it.each([
    ["31 characters", "QRjwfpD3nf0WpFOOHR37oMhcPPbWFKd"],
    ["one character", "a"],
  ])("S61 names a token that is too short: %s", (_name, text) => {
    expect(tokenWeakness(new Secret(text))).toBe("the token is shorter than 32 characters");
  });

  it.each([
    ["one character, forty times", "a".repeat(40)],
    ["a repeated pattern", "abc".repeat(14)],
    ["a long pattern, twice", "ba9d233e95e04c4a".repeat(2)],
    ["the digits in order, four times", "0123456789".repeat(4)],
    ["counting from 1", "1234567890".repeat(4)],
    ["counting down", "9876543210".repeat(4)],
    ["the alphabet backwards", "zyxwvutsrqponmlkjihgfedcba987654"],
    ["the alphabet", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"],
    ["the rows of a keyboard", "qwertyuiopasdfghjklzxcvbnm123456"],
    ["two characters only", "0110100110010110100101100110100110010110"],
    ["an empty UUID", "00000000-0000-0000-0000-000000000001"],
    ["words that everybody tries", "my-secret-token-my-secret-token-my-secret"],
  ])("S61 names a token that is easy to guess, without showing it: %s", (_name, text) => {
    expect(tokenWeakness(new Secret(text))).toBe(
      "the token is easy to guess: it repeats itself, follows a well-known order or has few different characters",
    );
  });

  it.each([
    "ba9d233e95e04c4a8a661a27daffe7c9bd019067",
    "18b2b74ef994314b84021d47b9422e82b685d82f",
    "QRjwfpD3nf0WpFOOHR37oMhcPPbWFKd4",
    "5f0c7e0a-3c55-4b7e-9a52-1f1f0f9d6c11",
    "71839205561840937265018459273064",
  ])("S61 accepts a random token: %s", (text) => {
    expect(tokenWeakness(new Secret(text))).toBeUndefined();
  });

  it("S61 accepts 2000 random tokens of 32 hexadecimal digits", () => {
    const tokens = Array.from({ length: 2000 }, (_, round) => createHash("md5").update(String(round)).digest("hex"));
    expect(tokens.filter((token) => tokenWeakness(new Secret(token)) !== undefined)).toEqual([]);
  });
});
