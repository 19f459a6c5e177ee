import { createHash } from "node:crypto";
import { describe, expect, it, onTestFinished } from "vitest";
import { createVerifier } from "../../src/verifier/create-verifier.js";
import { tokenA, tokenB, tokenItem, tokens, type Workplace, workplace } from "./outcome.js";

const sha256 = (value: string) => createHash("sha256").update(value).digest("hex");
const byDigest = (value: string) => `{sha256: ${sha256(value)}}`;

async function accepts(place: Workplace, value: string): Promise<boolean> {
  const verifier = await createVerifier({ database: place.database });
  onTestFinished(() => verifier.close());
  return (await verifier.authenticate(`Token ${value}`)).kind === "authenticated";
}

const stored = async (place: Workplace) =>
  (await place.open()).kysely
    .selectFrom("api_tokens")
    .select(["identifier", "digest", "generated", "updated_at"])
    .execute();

describe("token: {sha256: HEX}", () => {
  it("takes a token over: its value works, another does not, and applying it again changes nothing", async () => {
    const place = workplace();
    const text = tokens(tokenItem("a", `{sha256: ${sha256(tokenA).toUpperCase()}}`));
    const first = await place.apply(text);
    expect([first.status, first.changes]).toEqual([0, ["create api_token a"]]);
    expect(JSON.stringify(first.json).toLowerCase()).not.toContain(sha256(tokenA).slice(0, 16));
    expect([await accepts(place, tokenA), await accepts(place, tokenB)]).toEqual([true, false]);
    const contents = await place.contents();
    expect((await place.apply(text)).json.outcome).toBe("unchanged");
    expect(await place.contents()).toBe(contents);
  });

  it("is the same token as its value, under any identifier", async () => {
    const place = workplace();
    await place.apply(tokens(tokenItem("a", tokenA)));
    expect((await place.apply(tokens(tokenItem("a", byDigest(tokenA))))).json.outcome).toBe("unchanged");
    const renamed = await place.apply(tokens(tokenItem("b", byDigest(tokenA))));
    expect(renamed.changes).toEqual(["update api_token b"]);
    expect(renamed.json.changes?.[0]?.fields[0]).toEqual({ name: "key", before: "a", after: "b" });
    const twice = await place.apply(tokens(tokenItem("b", byDigest(tokenA)), tokenItem("c", tokenA)));
    expect([twice.status, twice.diagnostics[0]]).toEqual([3, expect.stringContaining("error DUPLICATE_SECRET")]);
  });

  it("leaves a generated token as it is, and replaces the value of one with another digest, with its grace", async () => {
    const place = workplace();
    const made = await place.apply(tokens(tokenItem("a", "{generate: true}")));
    const value = made.json.generated?.[0]?.token ?? "";
    const before = await stored(place);
    expect((await place.apply(tokens(tokenItem("a", byDigest(value))))).json.outcome).toBe("unchanged");
    expect(await stored(place)).toEqual(before);
    const replaced = await place.apply(tokens(tokenItem("a", byDigest(tokenB), "grace_period: 1h")));
    expect(replaced.json.changes?.map(({ fields }) => fields)).toEqual([
      expect.arrayContaining([{ name: "token", sensitive: true }]),
    ]);
    expect([await accepts(place, value), await accepts(place, tokenB)]).toEqual([true, true]);
  });

  it("is refused where it is no digest, beside `generate`, or misspelt", async () => {
    for (const [token, code] of [
      ["{sha256: 1234}", "INVALID_VALUE"],
      [`{sha256: ${sha256(tokenA)}, generate: true}`, "UNKNOWN_FIELD"],
      [`{sha265: ${sha256(tokenA)}}`, "UNKNOWN_FIELD"],
    ] as const) {
      const run = await workplace().apply(tokens(tokenItem("a", token)));
      expect(run.status).toBe(3);
      expect(run.json.diagnostics.map((found) => found.code)).toContain(code);
      expect(JSON.stringify(run.json) + run.stderr).not.toContain(sha256(tokenA).slice(0, 16));
    }
  });
});
