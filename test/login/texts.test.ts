import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type RefusalCode, refusalStatus } from "../../src/login/refusal-codes.js";
import { texts } from "../../src/login/texts.js";

// The table was generated from this list.
const codes = Object.keys(refusalStatus) as readonly RefusalCode[];

describe("the pages of a refused login", () => {
  it("are all documented, with their status", () => {
    const rows = [...readFileSync("docs/login.md", "utf8").matchAll(/^\| `(\w+)` \| (\d{3}) \|/gm)];
    expect(rows.map(([, code, status]) => [code, Number(status)])).toEqual(Object.entries(refusalStatus));
  });

  it("say in both languages what happened and what to do, in whole sentences", () => {
    for (const code of codes) {
      for (const { title, text, action } of [texts.nl[code], texts.en[code]]) {
        expect(title).toMatch(/^[A-Z].*[^.]$/);
        expect(text).toMatch(/^[A-Z].*\.$/);
        expect(action).toMatch(/^[A-Z].*\.$/);
      }
      expect(texts.nl[code].action).not.toBe(texts.en[code].action);
    }
  });
});
