import { createDecipheriv, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { SetupError } from "../../src/errors.js";
import { Secret } from "../../src/secrets/secret.js";
import { createVault, keyIdOf } from "../../src/secrets/vault.js";

const key = Buffer.alloc(32, 7);
const vault = createVault([key]);
const purpose = "oidc_clients/1/client_secret";
const canary = "canary-client-secret";

function refusal(open: () => unknown): SetupError {
  try {
    open();
  } catch (error) {
    if (error instanceof SetupError) return error;
    throw error;
  }
  throw new Error("it was opened");
}

describe("createVault", () => {
  it.each([
    ["a client secret", "7DB3KUAAizYCcmZufpHRVOcD0TOkNO3I"],
    ["an empty text", ""],
    ["a text beyond ASCII", "geheim é 🔑"],
    ["a long text", "x".repeat(100_000)],
  ])("S70 opens what it sealed: %s", (_name, text) => {
    expect(vault.open(vault.seal(new Secret(text), purpose), purpose).reveal()).toBe(text);
  });

  it("S59 S70 seals so that nothing of the secret is left in the text", () => {
    const sealed = vault.seal(new Secret(canary), purpose);
    expect(sealed).toMatch(/^v1\.[0-9a-f]{16}\.[\w-]{16}\.[\w-]{27}\.[\w-]{22}$/);
    for (const part of sealed.split(".")) {
      expect(Buffer.from(part, "base64url").toString("latin1")).not.toContain("canary");
      expect(part).not.toContain("canary");
    }
  });

  it("S70 is AES-256-GCM with the purpose as additional data", () => {
    const [version, keyId, iv = "", ciphertext = "", tag = ""] = vault.seal(new Secret(canary), purpose).split(".");
    expect([version, keyId]).toEqual(["v1", keyIdOf(key)]);
    const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(iv, "base64url"), { authTagLength: 16 });
    decipher.setAAD(Buffer.from(purpose)).setAuthTag(Buffer.from(tag, "base64url"));
    const plain = Buffer.concat([decipher.update(Buffer.from(ciphertext, "base64url")), decipher.final()]);
    expect(plain.toString()).toBe(canary);
  });

  it("seals the same secret differently each time", () => {
    const sealed = Array.from({ length: 100 }, () => vault.seal(new Secret(canary), purpose));
    expect(new Set(sealed.map((text) => text.split(".")[2])).size).toBe(100);
  });

  it("S70 refuses what was sealed with another key, and the same key opens it", () => {
    const sealed = createVault([randomBytes(32)]).seal(new Secret(canary), purpose);
    const error = refusal(() => vault.open(sealed, purpose));
    expect(error.reason).toBe("refused");
    expect(error.diagnostics).toEqual([
      {
        severity: "error",
        code: "KEY_MISMATCH",
        message: "a secret in the database was sealed with another key",
        hint: "set VTB_SETUP_KEY or VTB_SETUP_KEY_FILE to the earlier key, or put its file back",
      },
    ]);
    expect(
      createVault([Buffer.from(key)])
        .open(vault.seal(new Secret(canary), purpose), purpose)
        .reveal(),
    ).toBe(canary);
  });

  it("S70 refuses another row's sealed secret", () => {
    const sealed = vault.seal(new Secret(canary), "oidc_clients/2/client_secret");
    const error = refusal(() => vault.open(sealed, purpose));
    expect(error.reason).toBe("refused");
    expect(error.message).toBe(
      "a sealed secret in the database can't be opened: it was changed, or copied from another row [KEY_MISMATCH]",
    );
  });

  it("S70 refuses a change of any character after the version, and reveals nothing of the secret", () => {
    const sealed = vault.seal(new Secret(canary), purpose);
    // The last character of a part can hold bits that decoding drops.
    const places = [...sealed].flatMap((character, place) =>
      place < 3 || character === "." || sealed.charAt(place + 1) === "." || place === sealed.length - 1 ? [] : [place],
    );
    expect(places.length).toBeGreaterThan(70);
    for (const place of places) {
      const other = sealed.charAt(place) === "0" ? "1" : "0";
      const error = refusal(() => vault.open(sealed.slice(0, place) + other + sealed.slice(place + 1), purpose));
      expect(error.diagnostics[0]?.code).toBe("KEY_MISMATCH");
      expect(error.message).not.toContain("canary");
    }
  });

  it.each([
    ["nothing", ""],
    ["a text that was never sealed", canary],
    ["a newer version", vault.seal(new Secret(canary), purpose).replace("v1", "v2")],
    ["a tag cut down to four bytes", vault.seal(new Secret(canary), purpose).replace(/(?<=\.[\w-]{6})[\w-]{16}$/, "")],
    ["a missing part", vault.seal(new Secret(canary), purpose).replace(/\.[\w-]+$/, "")],
  ])("refuses %s", (_name, sealed) => {
    expect(refusal(() => vault.open(sealed, purpose)).diagnostics[0]?.code).toBe("KEY_MISMATCH");
  });

  it("accepts no key of another length than 32 bytes", () => {
    expect(() => createVault([Buffer.alloc(16)]).seal(new Secret(canary), purpose)).toThrow(/key length/i);
  });
});

describe("keyIdOf", () => {
  it("is the same for the same key, differs for another", () => {
    expect(keyIdOf(key)).toMatch(/^[0-9a-f]{16}$/);
    expect(keyIdOf(Buffer.from(key))).toBe(keyIdOf(key));
    expect(keyIdOf(Buffer.alloc(32, 8))).not.toBe(keyIdOf(key));
  });
});
