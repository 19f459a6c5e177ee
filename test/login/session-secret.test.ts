import { randomBytes } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { createLogin } from "../../src/login/create-login.js";
import type { Login } from "../../src/login/login.js";
import { readSettings } from "../../src/login/settings.js";
import { deriveSecret, parseKeys } from "../../src/secrets/key.js";
import { sealingEnv } from "../support/databases.js";
import { temporaryFolder } from "../support/run.js";
import { makeKey, type TestKey } from "../verifier/bearer/issuer.js";
import { type Browser, openBrowser } from "./browser.js";
import { makeWorld, redirectUri, sessionSecret, type World } from "./world.js";

let key: TestKey;
beforeAll(async () => {
  key = await makeKey("RS256");
});

const derived = { sessionSecret: undefined };

/** The key that the world's secrets were sealed with. */
function sealingKeyOf({ url }: World): string {
  return sealingEnv().VTB_SETUP_KEY ?? readFileSync(keyFileOf(url), "utf8").trim();
}

function keyFileOf(url: string): string {
  return `${url.slice("sqlite:".length)}.key`;
}

/** A key file with these keys, and an environment that names it. */
function writeKeys(...keys: readonly string[]) {
  const file = join(temporaryFolder(), "keys");
  const write = (...next: readonly string[]) => writeFileSync(file, `${next.join("\n")}\n`, { mode: 0o600 });
  write(...keys);
  return { write, env: { VTB_SETUP_KEY_FILE: file } };
}

/** Begins a login in one process, and gives the callback for another. */
async function beginAt(world: World, login: Login, browser: Browser): Promise<string> {
  const begun = await login.start();
  if (begun.kind !== "redirect") throw new Error(`expected a login to begin: ${begun.code}`);
  browser.take(begun.cookies);
  return world.provider.authorize(begun.location);
}

async function pass(world: World, from: Login, to: Login): Promise<string> {
  const browser = openBrowser();
  const outcome = await to.finish(await beginAt(world, from, browser), browser.header());
  return outcome.kind === "refused" ? outcome.code : outcome.kind;
}

describe("a login without a session secret", () => {
  it("derives the same one in every process, which is neither the sealing key nor one that is given", async () => {
    const world = await makeWorld(key, { login: derived });
    const [same, given, raw] = await Promise.all([
      world.another(),
      world.another({ sessionSecret }),
      world.another({ sessionSecret: sealingKeyOf(world) }),
    ]);
    expect(await pass(world, world.login, same)).toBe("signed_in");
    for (const other of [given, raw]) {
      expect(await pass(world, world.login, other)).toBe("state_invalid");
      expect(await pass(world, other, world.login)).toBe("state_invalid");
    }
    expect(new Set(world.reasons())).toEqual(new Set(["cookie_forged"]));
  });

  it("seals with the newest key, opens with all, and reads a file again that has got a newer one", async () => {
    const world = await makeWorld(key);
    const [old, fresh] = [sealingKeyOf(world), randomBytes(32).toString("base64")];
    const file = writeKeys(old);
    const running = await world.another({ ...derived, env: file.env });
    const begun = openBrowser();
    const callback = await beginAt(world, running, begun);
    file.write(fresh, old);
    const restarted = await world.another({ ...derived, env: file.env });
    expect(await restarted.finish(callback, begun.header())).toMatchObject({ kind: "signed_in" });
    // Not within the second in which it read the file.
    expect(await pass(world, restarted, running)).toBe("state_invalid");
    world.clock += 1000;
    expect(await pass(world, restarted, running)).toBe("signed_in");
    // What is sealed now opens without the old key; the client's secret, which was not sealed again, does not.
    const later = await world.another({ ...derived, env: writeKeys(fresh).env });
    expect(await pass(world, running, later)).toBe("not_configured");
    const before = await world.another({ ...derived, env: writeKeys(old).env });
    expect(await pass(world, before, later)).toBe("state_invalid");
  });

  it("keeps sessions and forms when the key is changed, and the ID token for the logout while the old key is there", async () => {
    const world = await makeWorld(key);
    const [old, fresh] = [sealingKeyOf(world), randomBytes(32).toString("base64")];
    const first = await world.another({ ...derived, env: writeKeys(old).env });
    for (const [keys, hasHint] of [
      [[fresh, old], true],
      [[fresh], false],
    ] as const) {
      const browser = openBrowser();
      browser.take((await first.finish(await beginAt(world, first, browser), browser.header())).cookies);
      const session = await first.session(browser.header());
      const next = await world.another({ ...derived, env: writeKeys(...keys).env });
      expect(await next.session(browser.header())).toEqual({ ...session, principal: expect.anything() });
      const { searchParams } = new URL((await next.logout(browser.header())).location);
      expect([searchParams.get("client_id"), searchParams.has("id_token_hint")]).toEqual(["admin", hasHint]);
    }
  });

  it("is not made without a sealing key; with a secret, it needs none to be made", async () => {
    const world = await makeWorld(key);
    if (sealingEnv().VTB_SETUP_KEY === undefined) rmSync(keyFileOf(world.url));
    await expect(createLogin({ database: world.url, redirectUri, env: {} })).rejects.toMatchObject({
      reason: "invalid",
      diagnostics: [{ code: "KEY_INVALID" }],
    });
    await expect(world.another({ env: {} })).resolves.toBeDefined();
  });

  it("is not what an empty variable means", () => {
    expect(() => readSettings({ database: "", redirectUri, sessionSecret: "" })).toThrow("at least 32 characters");
    expect(readSettings({ database: "", redirectUri }).sessionSecret).toBeUndefined();
  });
});

it("derives secrets by HKDF-SHA256, each purpose another, and shows none", () => {
  const [sealingKey] = parseKeys("00".repeat(32));
  // openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt hexkey:00…00 -kdfopt info:"vtb-setup session secret" HKDF
  const secret = deriveSecret(sealingKey, "session secret");
  expect(secret.reveal()).toBe("Nihrr5QBfdEfKAnn9a0xZY6jeIAeCepb46T9guj_sbY");
  expect(deriveSecret(sealingKey, "another purpose").reveal()).not.toBe(secret.reveal());
  expect(`${secret}`).not.toContain(secret.reveal());
});
