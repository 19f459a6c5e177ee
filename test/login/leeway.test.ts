import { beforeAll, expect, it } from "vitest";
import { makeKey, type TestKey } from "../verifier/bearer/issuer.js";
import { makeWorld, start } from "./world.js";

let key: TestKey;
beforeAll(async () => {
  key = await makeKey("RS256");
});

it.each([
  { leewaySeconds: undefined, agoSeconds: 29, reasons: [] },
  { leewaySeconds: undefined, agoSeconds: 31, reasons: ["expired"] },
  { leewaySeconds: 120, agoSeconds: 119, reasons: [] },
  { leewaySeconds: 120, agoSeconds: 121, reasons: ["expired"] },
  { leewaySeconds: 0, agoSeconds: 1, reasons: ["expired"] },
])(
  "F64: with a leeway of $leewaySeconds, an ID token that ended $agoSeconds s ago comes to $reasons",
  async ({ leewaySeconds, agoSeconds, reasons }) => {
    const world = await makeWorld(key, { login: { leewaySeconds } });
    world.provider.idClaims = { exp: start / 1000 - agoSeconds };
    await world.signIn();
    expect(world.reasons()).toEqual(reasons);
  },
);
