import { describe, expect, it } from "vitest";
import { naturalValue, toBoolean, toInteger, toNumber } from "../../src/config/scalar.js";
import { ScalarNode, SourceText } from "../../src/yaml/node.js";

const source = new SourceText("config.yaml", "");
const plain = (text: string) => new ScalarNode(text, source, 0, 0, true);
const quoted = (text: string) => new ScalarNode(text, source, 0, 0, false);

describe("toBoolean", () => {
  it.each(["1", "t", "y", "true", "yes", "on", "TRUE", "Yes", "oN"])("takes %s for true, quoted or not", (text) => {
    expect(toBoolean(plain(text))).toBe(true);
    expect(toBoolean(quoted(text))).toBe(true);
  });

  it.each(["0", "f", "n", "false", "no", "off", "FALSE", "No", "oFF"])("takes %s for false, quoted or not", (text) => {
    expect(toBoolean(plain(text))).toBe(false);
    expect(toBoolean(quoted(text))).toBe(false);
  });

  it("takes the numbers 1 and 0 in other spellings only where they are numbers", () => {
    expect(toBoolean(plain("1.0"))).toBe(true);
    expect(toBoolean(plain("0x0"))).toBe(false);
    expect(toBoolean(quoted("1.0"))).toBeUndefined();
  });

  it.each(["42", "2", "-1", " true", "true ", "ja", "nein", "", "0.5", "null"])("refuses %j", (text) => {
    expect(toBoolean(plain(text))).toBeUndefined();
    expect(toBoolean(quoted(text))).toBeUndefined();
  });
});

describe("toInteger", () => {
  it.each([
    ["48", 48],
    ["-48", -48],
    ["+48", 48],
    ["4_8", 48],
    ["048", 48],
    ["48.0", 48],
    ["0", 0],
  ])("takes %s, quoted or not", (text, value) => {
    expect(toInteger(plain(text))).toBe(value);
    expect(toInteger(quoted(text))).toBe(value);
  });

  it.each([
    ["0x1F", 31],
    ["0b1", 1],
    ["0_17", 15],
    ["0_", 0],
    ["010", 8],
    ["-0x10", -16],
    ["true", 1],
  ])("takes %s as YAML 1.1 reads it where it is not quoted", (text, value) => {
    expect(toInteger(plain(text))).toBe(value);
  });

  it("reads quoted digits as decimal, whatever they begin with", () => {
    expect(toInteger(quoted("010"))).toBe(10);
    expect(toInteger(quoted(" 48 "))).toBe(48);
  });

  it.each(["48.5", "1e2", "", "abc", "12:30:45", "4 8", ".inf", ".nan", "0o17", "0-7"])("refuses %j", (text) => {
    expect(toInteger(plain(text))).toBeUndefined();
    expect(toInteger(quoted(text))).toBeUndefined();
  });

  it.each(["0x30", "true", "4__8", "_48", "48."])("refuses a quoted %s", (text) => {
    expect(toInteger(quoted(text))).toBeUndefined();
  });
});

describe("toNumber", () => {
  it.each([
    ["1.5", 1.5],
    ["-.5", -0.5],
    ["1_000.25", 1000.25],
    ["1e3", 1000],
    ["7", 7],
  ])("takes %s", (text, value) => {
    expect(toNumber(plain(text))).toBe(value);
    expect(toNumber(quoted(text))).toBe(value);
  });

  it.each(["", ".", "abc", ".inf", "NaN", "Infinity", "1e999", "0x"])("refuses %j and never gives NaN", (text) => {
    expect(toNumber(plain(text))).toBeUndefined();
    expect(toNumber(quoted(text))).toBeUndefined();
  });
});

describe("naturalValue", () => {
  it.each([
    ["", null],
    ["~", null],
    ["null", null],
    ["true", true],
    ["Yes", true],
    ["OFF", false],
    ["42", 42],
    ["-7", -7],
    ["0x1F", 31],
    ["0123", 83],
    ["1_000", 1000],
    ["1.5", 1.5],
  ])("reads an unquoted %j as YAML 1.1 does", (text, value) => {
    expect(naturalValue(plain(text))).toBe(value);
  });

  it.each(["y", "n", "tRUE", "1e5", "12:30:45", "2024-01-01", ".inf", ".nan", "1".repeat(40), "089", "x"])(
    "keeps an unquoted %s as text",
    (text) => {
      expect(naturalValue(plain(text))).toBe(text);
    },
  );

  it.each(["true", "42", "", "null", "~"])("keeps a quoted %j as text", (text) => {
    expect(naturalValue(quoted(text))).toBe(text);
  });

  it("follows the tags of YAML's own types", () => {
    expect(naturalValue(new ScalarNode("42", source, 0, 0, false, "!!int"))).toBe(42);
    expect(naturalValue(new ScalarNode("42", source, 0, 0, true, "!!str"))).toBe("42");
  });
});

describe("F72: what PyYAML reads where no field says what is expected", () => {
  it.each([
    "0o17",
    "-.5",
    "+.5",
    "-.5e+1",
    "1e5",
    "1.0e5",
    "08",
    "0B11",
    "0X1F",
    "_1",
    "nUll",
    "y",
    "N",
    "t",
    "tRUE",
    "=",
    "12:30",
  ])("%s is text", (text) => {
    expect(naturalValue(plain(text))).toBe(text);
  });

  it.each([
    [".5", 0.5],
    ["-0.5", -0.5],
    ["5.", 5],
    [".5e+1", 5],
    ["1.5e-3", 0.0015],
    ["1_000", 1000],
    ["1_0.5_0", 10.5],
    ["017", 15],
    ["-017", -15],
    ["0_", 0],
    ["0x1F", 31],
    ["0b11", 3],
    ["yes", true],
    ["Off", false],
    ["~", null],
    ["NULL", null],
  ])("%s is %j, and text in quotes", (text, value) => {
    expect(naturalValue(plain(text))).toBe(value);
    expect(naturalValue(quoted(text))).toBe(text);
  });
});
