import { describe, expect, it } from "vitest";
import { parseKeys } from "../../src/secrets/key.js";
import { key, problemOf, written } from "./refused-key.js";

describe("parseKeys", () => {
  it.each([
    ["base64", written],
    ["base64 without padding", written.replace("=", "")],
    ["base64url", key.toString("base64url")],
    ["base64url with padding", `${key.toString("base64url")}=`],
    ["64 hexadecimal digits", key.toString("hex")],
    ["64 capital hexadecimal digits", key.toString("hex").toUpperCase()],
    ["base64 and a newline", `${written}\n`],
    ["hexadecimal digits and a Windows newline", `${key.toString("hex")}\r\n`],
  ])("S70 reads 32 bytes as %s", (_name, text) => {
    expect(parseKeys(text)).toEqual([key]);
  });

  it.each([
    ["nothing", ""],
    ["31 bytes", Buffer.alloc(31, 1).toString("base64")],
    ["33 bytes", Buffer.alloc(33, 1).toString("base64")],
    ["63 hexadecimal digits", "a".repeat(63)],
    ["a passphrase of 32 characters", "correct horse battery staple 123"],
    ["both alphabets mixed", `+_${"A".repeat(41)}=`],
    ["a space before it", ` ${written}`],
    ["two newlines", `${written}\n\n`],
    ["quotes around it", `"${written}"`],
  ])("S70 refuses %s, says how to generate one, and does not quote it", (_name, text) => {
    const problem = problemOf(() => parseKeys(text));
    expect(problem).toEqual({
      severity: "error",
      code: "KEY_INVALID",
      message:
        "the sealing key does not contain a key: expected 32 bytes as base64, base64url or 64 hexadecimal digits",
      hint: "generate one with: openssl rand -base64 32",
    });
  });
});
