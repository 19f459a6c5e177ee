import { createHmac, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadKeys } from "../../../src/secrets/key.js";
import { openVault } from "../../../src/secrets/vault.js";
import { sealingEnv } from "../../support/databases.js";
import { temporaryFolder } from "../../support/run.js";
import { encode } from "./issuer.js";
import { clientOf, clientSecret, goodClaims, makeWorld, providerOf, start } from "./world.js";

const idp = { issuer: "https://idp.gemeente.example" };

function signed(): string {
  const parts = `${encode({ alg: "HS256", typ: "at+jwt" })}.${encode(goodClaims(idp))}`;
  return `${parts}.${createHmac("sha256", clientSecret).update(parts).digest("base64url")}`;
}

describe("a verifier that gets a client's sealing key later", () => {
  it("accepts its tokens within a second, though nothing in the database changes", async () => {
    const file = join(temporaryFolder(), "keys");
    const write = (...keys: readonly Buffer[]) =>
      writeFileSync(file, keys.map((key) => key.toString("hex")).join("\n"), { mode: 0o600 });
    const other = randomBytes(32);
    write(other);
    const vault = openVault({ env: { VTB_SETUP_KEY_FILE: file }, keyFile: undefined });
    const world = await makeWorld([providerOf(idp), clientOf({ sign_algo: "HS256" })], { vault });
    const token = signed();
    expect(await world.authenticate(token)).toMatchObject({ kind: "rejected" });
    expect(world.events).toEqual([expect.objectContaining({ kind: "client_unusable", client: "api-oidc" })]);
    const { keyFile } = world.database;
    write(...(loadKeys({ env: sealingEnv(), keyFile, mode: "read" })?.keys ?? []), other);
    // The twin: not each request reads the rows and the file again.
    world.clock = start + 999;
    expect(await world.authenticate(token)).toMatchObject({ kind: "rejected" });
    world.clock = start + 1000;
    expect(await world.authenticate(token)).toMatchObject({ kind: "accepted" });
  });
});
