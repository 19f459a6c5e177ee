import { scryptSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { hashPassword } from "../../src/secrets/password.js";
import { Secret } from "../../src/secrets/secret.js";

const phc = /^\$scrypt\$ln=15,r=8,p=1\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

describe("hashPassword", () => {
  it("S69 is scrypt with N=2^15, r=8, p=1, as a PHC string with the salt that was drawn", async () => {
    const salt = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");
    const hashed = await hashPassword(new Secret("wachtwoord é"), (size) => salt.subarray(0, size));
    const [, saltText, keyText] = phc.exec(hashed) ?? [];
    expect(Buffer.from(saltText ?? "", "base64")).toEqual(salt);
    const expected = scryptSync("wachtwoord é", salt, 32, { N: 32768, r: 8, p: 1, maxmem: 2 ** 26 });
    expect(Buffer.from(keyText ?? "", "base64")).toEqual(expected);
  });

  it("S69 salts each hash separately, and contains nothing of the password", async () => {
    const password = new Secret("canary-password");
    const [first, second] = await Promise.all([hashPassword(password), hashPassword(password)]);
    expect(first).toMatch(phc);
    expect(second).toMatch(phc);
    expect(first).not.toBe(second);
    expect(first).not.toContain("canary");
  });
});
