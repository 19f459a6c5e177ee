import { describe, expect, it } from "vitest";
import type * as z from "zod";
import { filledText, secret, slug, text } from "../../src/config/fields.js";
import { Secret } from "../../src/secrets/secret.js";

const messages = (schema: z.ZodType, value: unknown) =>
  schema.safeParse(value).error?.issues.map(({ message }) => message) ?? [];

describe("slug", () => {
  it.each(["a", "foo-bar", "foo_bar", "fO0-B4r-Baz", "FooBarBaz"])("A3.22 accepts %s", (value) => {
    expect(messages(slug(50), value)).toEqual([]);
  });

  it.each(["", "hello world", "user@email.com", "$price", "my.variable", "résumé", "hello!", "!", "#", "+", "foo\n"])(
    "A3.22 refuses %j",
    (value) => {
      expect(messages(slug(50), value)).toEqual(["expected letters, digits, hyphens and underscores only"]);
    },
  );

  it("has a greatest length", () => {
    expect(slug(3).safeParse("abc").success).toBe(true);
    expect(slug(3).safeParse("abcd").success).toBe(false);
  });
});

describe("secret", () => {
  it("accepts a Secret and passes it on, and nothing else", () => {
    const value = new Secret("x");
    expect(secret().parse(value)).toBe(value);
    for (const other of ["x", null, undefined, 1, {}]) expect(messages(secret(), other)).toEqual(["expected text"]);
  });

  it("checks the plain text and says what was expected", () => {
    const short = secret({ test: (plain) => plain.length < 3, expected: "expected at most 2 characters" });
    expect(messages(short, new Secret("ab"))).toEqual([]);
    expect(messages(short, new Secret("abc"))).toEqual(["expected at most 2 characters"]);
    expect(messages(short, "abc")).toEqual(["expected text"]);
  });
});

describe("text and filledText", () => {
  it("differ in whether they may be empty", () => {
    expect(text(2).safeParse("").success).toBe(true);
    expect(filledText(2).safeParse("").success).toBe(false);
    expect(filledText(2).safeParse("ab").success).toBe(true);
    expect(filledText(2).safeParse("abc").success).toBe(false);
    expect(text(2).safeParse("abc").success).toBe(false);
  });
});
