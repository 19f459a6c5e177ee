import { expect, it } from "vitest";
import { makeWorld, otherValue, token, tokenValue } from "./verifier-world.js";

it("answers without a promise also where a token is seen for the first time, or unknown", async () => {
  const { verifier } = await makeWorld([token("forms", tokenValue)]);
  expect(verifier.authenticate(`Token ${tokenValue}`)).not.toBeInstanceOf(Promise);
  expect(verifier.authorize(`Token ${otherValue}`)).not.toBeInstanceOf(Promise);
});
