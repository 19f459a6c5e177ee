import { beforeAll, describe, expect, it } from "vitest";
import { worthAnotherTry } from "../../src/login/refusal-codes.js";
import { texts } from "../../src/login/texts.js";
import { makeKey, type TestKey } from "../verifier/bearer/issuer.js";
import { type Attack, attacks } from "./attacks.js";
import { openBrowser } from "./browser.js";
import { makeWorld } from "./world.js";

let key: TestKey;
beforeAll(async () => {
  key = await makeKey("RS256");
});

describe("a login refuses", () => {
  for (const one of attacks) it(one.name, () => tryOut(one));

  async function tryOut({ options, attack, status, code, reason, twin }: Attack): Promise<void> {
    const world = await makeWorld(key, options?.());
    const browser = openBrowser();
    const refused = await attack(world, browser);
    const { cookies, ...page } = refused.kind === "refused" ? refused : { cookies: [] };
    const next = worthAnotherTry.has(code) ? "/" : undefined;
    expect(page).toEqual({ kind: "refused", status, code, ...texts.nl[code], next });
    expect(cookies.filter((cookie) => cookie.includes("session"))).toEqual([]);
    expect(world.reasons().at(-1)).toBe(reason);
    // Nothing else keeps people out.
    Object.assign(world.provider, { idClaims: {}, onToken: undefined });
    const letIn = twin ? await twin(world, openBrowser()) : await world.signIn();
    expect(letIn).toMatchObject({ kind: "signed_in" });
  }
});
