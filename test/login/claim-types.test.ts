import { beforeAll, describe, expect, it } from "vitest";
import { isFilledText, isMissing, isText, isTextOrTexts, jsonValues } from "../support/json-values.js";
import { json, makeKey, type TestKey } from "../verifier/bearer/issuer.js";
import { makeWorld, settingsOf, type World } from "./world.js";

let key: TestKey;
beforeAll(async () => {
  key = await makeKey("RS256");
});

/** `signed_in`, or the reason of the refusal; undefined for a value that is none of the wrong type. */
type Expected = (value: unknown) => string | undefined;

const unlessSound = (isSound: (value: unknown) => boolean, reason: string): Expected => {
  return (value) => (isSound(value) ? undefined : reason);
};
const isName = (value: unknown) => isText(value) || Number.isSafeInteger(value);
const isTime = (value: unknown) => typeof value === "number" && value >= 0 && value < 1e13;

/** Every claim of an ID token that is looked at. */
const claims: Readonly<Record<string, Expected>> = {
  iss: () => "wrong_issuer",
  sub: unlessSound(isFilledText, "subject_invalid"),
  aud: () => "wrong_audience",
  azp: () => "wrong_audience",
  client_id: unlessSound(isText, "subject_invalid"),
  gty: unlessSound(isTextOrTexts, "subject_invalid"),
  idtyp: unlessSound(isText, "subject_invalid"),
  typ: () => "wrong_type",
  exp: (value) => (isTime(value) ? "expired" : "malformed_time"),
  nbf: unlessSound(isTime, "malformed_time"),
  iat: unlessSound(isTime, "malformed_time"),
  nonce: () => "wrong_nonce",
  at_hash: () => "wrong_at_hash",
  c_hash: () => "wrong_c_hash",
  // As the digits of a whole number may be a name.
  name: (value) =>
    isMissing(value) || value === "" ? "username_missing" : isName(value) ? undefined : "username_invalid",
  given_name: unlessSound((value) => isMissing(value) || isText(value), "claim_invalid"),
  staff: unlessSound((value) => isMissing(value) || typeof value === "boolean", "claim_invalid"),
  groups: () => "signed_in",
  email_verified: () => "signed_in",
};

const client = settingsOf({ claim_mappings: { username: ["name"], first_name: ["given_name"], is_staff: ["staff"] } });

async function outcomeOf(world: World): Promise<string> {
  const before = world.reasons().length;
  const outcome = await world.signIn();
  return outcome.kind === "refused" ? (world.reasons()[before] ?? "") : outcome.kind;
}

describe("F7 S102 a claim of the wrong type", () => {
  it.each(Object.entries(claims))(
    "is refused at a login, never converted or thrown on: %s",
    async (name, expected) => {
      const world = await makeWorld(key, { client });
      world.provider.person = { sub: "s-jan", name: "jan", staff: true };
      for (const value of jsonValues.filter((value) => expected(value) !== undefined)) {
        world.provider.idClaims = { [name]: value };
        expect({ value, outcome: await outcomeOf(world) }).toEqual({ value, outcome: expected(value) });
      }
      world.provider.idClaims = {};
      expect(await outcomeOf(world)).toBe("signed_in");
    },
    60_000,
  );

  it("is refused as an issuer where nobody knows which is the right one", async () => {
    const world = await makeWorld(key, { client, provider: { issuer: null } });
    world.provider.person = { sub: "s-jan", name: "jan", staff: true };
    for (const iss of jsonValues.filter((value) => !isFilledText(value))) {
      world.provider.idClaims = { iss };
      expect({ iss, outcome: await outcomeOf(world) }).toEqual({ iss, outcome: "wrong_issuer" });
    }
    world.provider.idClaims = {};
    expect(await outcomeOf(world)).toBe("signed_in");
  });

  it.each(["id_token", "access_token", "token_type"])("is refused in a token endpoint's answer: %s", async (name) => {
    const world = await makeWorld(key, { client });
    for (const value of jsonValues) {
      world.provider.onToken = (response) =>
        json(response, { access_token: "a", token_type: "Bearer", id_token: "a.b.c", [name]: value });
      expect(await world.signIn()).toMatchObject({ kind: "refused", status: 502 });
    }
    world.provider.onToken = undefined;
    world.provider.person = { sub: "s-jan", name: "jan", staff: true };
    expect(await outcomeOf(world)).toBe("signed_in");
  });

  it("is refused in a userinfo answer", async () => {
    const world = await makeWorld(key, { client: { ...client, userinfo_claims_source: "userinfo_endpoint" } });
    world.provider.person = { sub: "s-jan", name: "jan", staff: true };
    for (const sub of jsonValues) {
      world.provider.onUserinfo = (response) => json(response, { ...world.provider.person, sub });
      expect({ sub, outcome: await outcomeOf(world) }).toEqual({ sub, outcome: "userinfo_mismatch" });
    }
    world.provider.onUserinfo = undefined;
    expect(await outcomeOf(world)).toBe("signed_in");
  });
});
