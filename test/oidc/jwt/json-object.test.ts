import { describe, expect, it } from "vitest";
import { parseJsonObject } from "../../../src/oidc/jwt/json-object.js";

const parse = (text: string) => parseJsonObject(Buffer.from(text));

describe("a JSON object", () => {
  it.each([
    ['{"a":1,"a":2}'],
    ['{"a":1,"b":{"c":1,"c":1}}'],
    ['{"a":[{"b":1},{"b":1,"b":2}]}'],
    ['{"a" : 1 , "a"\n:\t2}'],
    ['{"\\u0061":1,"a":2}'],
    ['{"__proto__":1,"__proto__":2}'],
    ['{"1":1,"1":2}'],
    ['{"a\\\\":1,"a\\\\":2}'],
    // What looks like a name in a string must not stand in for one, nor hide one behind a blank.
    ['{"a":1,"a" :2}'],
    ['{"a":":","a" :":","b":"\\":"}'],
    ['{"a":{"b":1,"b" :":"}}'],
    ['{"a":["x :","y"],"a":1}'],
  ])("S10 with the same name twice is refused: %s", (text) => {
    expect(parse(text)).toBeUndefined();
  });

  it.each([
    ['{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}'],
    ['{"a":"\\"b\\":","b":":","c\\\\":"\\\\"}'],
    ['{ "a" : "x:y" , "b" :\n"" }'],
    ['{"a":"\\\\\\"a\\": 1"}'],
    ['{"a":":","b" :":","c":"\\":","d":["x :",":"]}'],
    ['{"é":"ü","ü":"é"}'],
    ["{}"],
  ])("S10 with each name once is accepted: %s", (text) => {
    expect(parse(text)).toEqual(JSON.parse(text));
  });

  it("S35 with __proto__ changes nothing but itself", () => {
    const value = parse('{"__proto__":{"admin":true}}');
    expect(Object.hasOwn(value ?? {}, "__proto__")).toBe(true);
    expect(({} as Record<string, unknown>).admin).toBeUndefined();
    expect(value?.admin).toBeUndefined();
  });
});
