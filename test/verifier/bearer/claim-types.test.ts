import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isFilledText, isMissing, isText, isTextOrTexts, jsonValues } from "../../support/json-values.js";
import { type Issuer, json, makeKey, startIssuer, type TestKey } from "./issuer.js";
import { clientOf, goodToken, makeWorld, providerOf, usualOptions, type World } from "./world.js";

let idp: Issuer;
let key: TestKey;

beforeAll(async () => {
  [idp, key] = await Promise.all([startIssuer(), makeKey("RS256")]);
  idp.keys = [key.jwk];
});

afterAll(() => idp.close());

const options = {
  ...usualOptions,
  user_settings: {
    claim_mappings: { username: ["name"], email: ["email"], first_name: ["given_name"], is_staff: ["staff"] },
  },
};
const tokenOf = (claims: object) => goodToken(idp, key, { name: "jan", ...claims });
const makeTyped = (userinfo_claims_source = "id_token"): Promise<World> =>
  makeWorld([providerOf(idp), clientOf({ options, userinfo_claims_source })]);

/** `accepted`, or the reason of the refusal; undefined for a value that is none of the wrong type. */
type Expected = (value: unknown) => string | undefined;

const accepts = (isSound: (value: unknown) => boolean, reason: string): Expected => {
  return (value) => (isSound(value) ? "accepted" : reason);
};
const isName = (value: unknown) => isText(value) || Number.isSafeInteger(value);
const isTime = (value: unknown) => typeof value === "number" && value >= 0 && value < 1e13;
const isFlag = (value: unknown) => typeof value === "boolean";

/** Every claim that is looked at. */
const claims: Readonly<Record<string, Expected>> = {
  iss: (value) => (isFilledText(value) ? "unknown_issuer" : "wrong_issuer"),
  // A text would be another person of the same name.
  sub: (value) => (isFilledText(value) ? undefined : "subject_invalid"),
  aud: () => "wrong_audience",
  azp: accepts(isText, "wrong_audience"),
  client_id: accepts(isText, "wrong_audience"),
  exp: (value) => (isTime(value) ? "expired" : "malformed_time"),
  nbf: accepts(isTime, "malformed_time"),
  iat: accepts(isTime, "malformed_time"),
  // Of an access token by its type, which may carry one.
  nonce: accepts(isText, "claim_malformed"),
  cnf: () => "proof_of_possession",
  at_hash: () => "id_token",
  c_hash: () => "id_token",
  typ: accepts(isText, "claim_malformed"),
  token_use: accepts(isText, "claim_malformed"),
  scope: accepts(isTextOrTexts, "claim_malformed"),
  scp: accepts(isTextOrTexts, "claim_malformed"),
  cid: accepts(isText, "claim_malformed"),
  appid: accepts(isText, "claim_malformed"),
  gty: accepts(isTextOrTexts, "subject_invalid"),
  idtyp: accepts(isText, "subject_invalid"),
  // As the digits of a whole number may be a name.
  name: (value) =>
    isMissing(value) || value === "" ? "username_missing" : isName(value) ? "accepted" : "username_invalid",
  email: accepts((value) => isMissing(value) || isText(value), "claim_invalid"),
  given_name: accepts((value) => isMissing(value) || isText(value), "claim_invalid"),
  staff: accepts((value) => isMissing(value) || isFlag(value), "claim_invalid"),
  // Documented: it counts as empty.
  groups: () => "accepted",
  // Nothing looks at it where the username is no e-mail address, or at what nobody mapped.
  email_verified: () => "accepted",
  sid: () => "accepted",
};

async function outcomeOf(world: World, credential: string): Promise<string> {
  // What was refused is not remembered for longer than this.
  world.clock += 2000;
  const outcome = await world.authenticate(credential);
  return outcome.kind === "accepted" ? "accepted" : outcome.reason;
}

describe("F7 S102 a claim of the wrong type", () => {
  it.each(Object.entries(claims))(
    "is rejected, never converted or thrown on, whichever user was seen before: %s",
    async (name, expected) => {
      const fresh = await makeTyped();
      const known = await makeTyped();
      for (const value of jsonValues.filter((value) => expected(value) !== undefined)) {
        const credential = tokenOf({ [name]: value });
        const outcomes = [await outcomeOf(fresh, credential)];
        // The valid one caches its user, which the next one could be mistaken for.
        await outcomeOf(known, tokenOf({}));
        outcomes.push(await outcomeOf(known, credential), await outcomeOf(known, credential));
        expect({ value, outcomes }).toEqual({ value, outcomes: Array(3).fill(expected(value)) });
      }
    },
  );

  it.each([
    [{ toString: 1 }, "u-1"],
    [["u-1"], "u-1"],
    [7, "7"],
  ])("is no subject that was seen before, where its text is one: %j", async (sub, text) => {
    const world = await makeTyped();
    expect(await outcomeOf(world, tokenOf({ sub: text }))).toBe("accepted");
    expect(await outcomeOf(world, tokenOf({ sub }))).toBe("subject_invalid");
    expect(await outcomeOf(world, tokenOf({ sub: text }))).toBe("accepted");
  });

  it("sends no request about a token without a usable subject", async () => {
    const world = await makeTyped("userinfo_endpoint");
    idp.onUserinfo = (response) => json(response, { sub: "u-1", name: "jan" });
    const before = idp.userinfoRequests();
    for (const sub of jsonValues.filter((value) => !isFilledText(value))) {
      expect(await outcomeOf(world, tokenOf({ sub }))).toBe("subject_invalid");
    }
    expect(idp.userinfoRequests()).toBe(before);
    expect(await outcomeOf(world, tokenOf({}))).toBe("accepted");
  });

  it.each<[string, Expected]>([
    ["sub", () => "userinfo_mismatch"],
    ["name", claims.name ?? String],
    ["email", claims.email ?? String],
    ["staff", claims.staff ?? String],
    ["groups", claims.groups ?? String],
  ])("is refused in a userinfo answer as in a token: %s", async (name, expected) => {
    const world = await makeTyped("userinfo_endpoint");
    for (const [index, value] of jsonValues.entries()) {
      idp.onUserinfo = (response) => json(response, { sub: "u-1", name: "jan", [name]: value });
      const credential = tokenOf({ jti: `${name}-${index}` });
      const outcomes = [await outcomeOf(world, credential), await outcomeOf(world, credential)];
      expect({ value, outcomes }).toEqual({ value, outcomes: Array(2).fill(expected(value)) });
    }
  });
});
