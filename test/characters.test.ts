import { describe, expect, it } from "vitest";
import { escapeControls, parseUrl } from "../src/characters.js";

it("S90 escapes controls, ANSI sequences and bidirectional characters, and nothing else", () => {
  expect(escapeControls("a\u001b[31mb\u0007\u009b\n\t\r")).toBe("a\\u{1b}[31mb\\u{7}\\u{9b}\\n\\t\\r");
  expect(escapeControls("\u202e\u2066\u200f\u2028\ufeff\ud800\u{e0041}")).toBe(
    "\\u{202e}\\u{2066}\\u{200f}\\u{2028}\\u{feff}\\u{d800}\\u{e0041}",
  );
  expect(escapeControls("Zoë 😀 ••• [x] \\n")).toBe("Zoë 😀 ••• [x] \\n");
});

describe("parseUrl", () => {
  it("reads a host with letters beyond ASCII, however often, and nothing that is no URL", () => {
    const refused = Array.from({ length: 20_000 }, () => parseUrl("https://münchen.example/a")).filter((url) => !url);
    expect(refused).toEqual([]);
    expect(parseUrl("https://")).toBeUndefined();
    expect(parseUrl("b", "https://a.example/")?.href).toBe("https://a.example/b");
  });
});
