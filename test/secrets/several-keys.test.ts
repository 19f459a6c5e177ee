import { randomBytes } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadKeys, parseKeys } from "../../src/secrets/key.js";
import { Secret } from "../../src/secrets/secret.js";
import { createVault, keyIdOf, openVault } from "../../src/secrets/vault.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { problemOf } from "./refused-key.js";

const older = randomBytes(32);
const newer = randomBytes(32);
const written = (...keys: readonly Buffer[]) => `${keys.map((key) => key.toString("base64")).join("\n")}\n`;
const purpose = "oidc_clients/1/client_secret";
const secret = new Secret("canary-client-secret");

function keyFileWith(...keys: readonly Buffer[]) {
  const file = join(temporaryFolder(), "auth.db.key");
  const write = (...next: readonly Buffer[]) => {
    writeFileSync(`${file}.new`, written(...next), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  write(...keys);
  return { file, write };
}

describe("several keys", () => {
  it("are parsed from lines, and from a variable in one line, the newest first", () => {
    expect(parseKeys(written(newer, older))).toEqual([newer, older]);
    const variable = `${newer.toString("hex")},${older.toString("base64url")}`;
    expect(loadKeys({ env: { VTB_SETUP_KEY: variable }, keyFile: undefined, mode: "read" })?.keys).toEqual([
      newer,
      older,
    ]);
  });

  it.each([
    ["an empty line between them", `${written(newer)}\n${written(older)}`],
    ["a comma too many", `${newer.toString("hex")},`],
    ["one that is no key", `${written(newer)}canary`],
  ])("are refused with %s, and not quoted", (_name, text) => {
    expect(problemOf(() => parseKeys(text))).toMatchObject({
      code: "KEY_INVALID",
      message: expect.not.stringContaining("canary"),
    });
  });

  it("open what any of them sealed, and the one that is asked for seals", () => {
    const sealed = createVault([older]).seal(secret, purpose);
    const ring = createVault([newer, older]);
    expect(ring.open(sealed, purpose).reveal()).toBe(secret.reveal());
    expect(ring.seal(secret, purpose)).toContain(keyIdOf(newer));
    expect(createVault([newer, older], keyIdOf(older)).seal(secret, purpose)).toContain(keyIdOf(older));
  });
});

describe("a vault whose key file has several keys", () => {
  it("seals with the key that the database's secrets have until that is changed, and else with the newest", () => {
    const { file } = keyFileWith(newer, older);
    const sealedBy = (storedKeyId: string | null) =>
      openVault({ env: {}, keyFile: file, storedKeyId }).seal(secret, purpose).split(".")[1];
    expect(sealedBy(keyIdOf(older))).toBe(keyIdOf(older));
    expect(sealedBy(keyIdOf(newer))).toBe(keyIdOf(newer));
    expect(sealedBy(null)).toBe(keyIdOf(newer));
    expect(problemOf(() => sealedBy(keyIdOf(randomBytes(32))), "refused")?.code).toBe("KEY_MISMATCH");
  });

  it.each(["keyFile", "VTB_SETUP_KEY_FILE"] as const)("reads %s again when a seal doesn't open", (named) => {
    const { file, write } = keyFileWith(older);
    const vault = openVault(
      named === "keyFile" ? { env: {}, keyFile: file } : { env: { [named]: file }, keyFile: undefined },
    );
    const byOlder = createVault([older]).seal(secret, purpose);
    const byNewer = createVault([newer]).seal(secret, purpose);
    expect(vault.open(byOlder, purpose).reveal()).toBe(secret.reveal());
    expect(problemOf(() => vault.open(byNewer, purpose), "refused")?.code).toBe("KEY_MISMATCH");
    write(newer, older);
    expect(vault.open(byNewer, purpose).reveal()).toBe(secret.reveal());
    expect(vault.open(byOlder, purpose).reveal()).toBe(secret.reveal());
    // The twin: what opens needs no file.
    rmSync(file);
    expect(vault.open(byNewer, purpose).reveal()).toBe(secret.reveal());
  });
});
