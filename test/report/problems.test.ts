import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../../src/errors.js";
import { renderDiagnostics } from "../../src/report/diagnostics.js";
import { createPaint } from "../../src/report/layout.js";

const paint = createPaint(false);
const problem: Diagnostic = {
  severity: "error",
  code: "WRONG_TYPE",
  message: "expected true or false (yes, no, on, off, 1 and 0 work too)",
  hint: "the value is missing: write a value, or remove the field",
  position: { file: "config.yaml", line: 7, column: 15 },
  excerpt: { text: "is_superuser: maybe", caretColumn: 15, caretWidth: 5 },
};

describe("renderProblems", () => {
  it("keeps each text on one line for programs", () => {
    expect(renderDiagnostics([problem], { paint, width: undefined })).toBe(
      `config.yaml:7:15: error: ${problem.message} [WRONG_TYPE]
  7 | is_superuser: maybe
    |               ^^^^^
  fix: ${problem.hint}
`,
    );
  });

  it("puts the caret under characters that take two columns, or none", () => {
    const text = "name: 阿姆斯特丹 ko\u0301 x";
    const excerpt = { text, caretColumn: text.indexOf("ko") + 1, caretWidth: 3 };
    const [, , caret] = renderDiagnostics([{ ...problem, excerpt }], { paint, width: undefined }).split("\n");
    expect(caret).toBe(`    | ${" ".repeat(6 + 10 + 1)}^^`);
  });

  it("breaks them for a terminal, with the lines below indented", () => {
    expect(renderDiagnostics([problem], { paint, width: 60 })).toBe(
      `config.yaml:7:15: error: expected true or false (yes, no,
  on, off, 1 and 0 work too) [WRONG_TYPE]
  7 | is_superuser: maybe
    |               ^^^^^
  fix: the value is missing: write a value, or remove the
       field
`,
    );
  });

  it("breaks at the same positions with colours", () => {
    const coloured = renderDiagnostics([problem], { paint: createPaint(true), width: 60 });
    const plain = renderDiagnostics([problem], { paint, width: 60 });
    expect(coloured).toContain("\u001b[31merror\u001b[39m");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what colours begin with
    expect(coloured.replace(/\u001b\[\d+m/g, "")).toBe(plain);
  });

  it("says `fix:` before what mends an error or a warning, and nothing before what a note adds", () => {
    const note: Diagnostic = { severity: "note", code: "KEY_MADE", message: "made the key", hint: "back it up" };
    expect(renderDiagnostics([note], { paint, width: 80 })).toBe("note: made the key [KEY_MADE]\n  back it up\n");
    expect(renderDiagnostics([{ ...note, severity: "warning" }], { paint, width: 80 })).toContain(
      "\n  fix: back it up\n",
    );
  });

  it("shows the lines of a stack trace, but no line break that a file could have put into a hint", () => {
    const hint = "with these lines:\n    at one\n    at two";
    const shown = (code: Diagnostic["code"]) =>
      renderDiagnostics([{ severity: "error", code, message: "m", hint }], { paint, width: undefined }).split("\n");
    expect(shown("INTERNAL").slice(1, -1)).toEqual(["  fix: with these lines:", "      at one", "      at two"]);
    expect(shown("STEP_INVALID").slice(1, -1)).toHaveLength(3);
    expect(shown("UNKNOWN_FIELD").slice(1, -1)).toHaveLength(1);
  });

  it("F42: shows the first hundred of more, the errors among them, in their order, and counts the others", () => {
    const many = Array.from({ length: 250 }, (_, index): Diagnostic => {
      const severity = index % 5 === 0 ? "error" : "warning";
      return { severity, code: "WRONG_TYPE", message: `number ${index}` };
    });
    const lines = renderDiagnostics(many, { paint, width: undefined }).trimEnd().split("\n");
    expect(lines).toHaveLength(101);
    const numbers = lines.slice(0, 100).map((line) => Number(/number (\d+)/.exec(line)?.[1]));
    expect(numbers).toEqual([...numbers].sort((one, other) => one - other));
    expect(lines.filter((line) => line.startsWith("error: "))).toHaveLength(50);
    expect(lines[100]).toBe("… and 150 warnings more; --output json lists all");
    const allErrors = many.map((one): Diagnostic => ({ ...one, severity: "error" }));
    expect(renderDiagnostics(allErrors, { paint, width: undefined })).toContain(
      "number 99 [WRONG_TYPE]\n… and 150 errors more",
    );
    // The twin: a hundred are shown whole.
    expect(renderDiagnostics(allErrors.slice(0, 100), { paint, width: undefined })).not.toContain("…");
  });

  it("reports the keys of other programs in one line for each file", () => {
    const foreign = ["a", "b"].map(
      (path, index): Diagnostic => ({
        severity: "warning",
        code: "UNKNOWN_ROOT_KEY",
        message: "ignored",
        path,
        position: { file: "c.yaml", line: index + 1, column: 1 },
      }),
    );
    expect(renderDiagnostics(foreign, { paint, width: undefined })).toBe(
      "c.yaml: warning: ignoring root keys that no step reads: a, b [UNKNOWN_ROOT_KEY]\n",
    );
  });
});
