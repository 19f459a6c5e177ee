import { describe, expect, it } from "vitest";
import type { Change, FieldChange } from "../../src/plan/resource.js";
import { renderChanges } from "../../src/report/changes.js";
import { createPaint } from "../../src/report/layout.js";

const options = { paint: createPaint(false), width: 60, details: true };
const base = { kind: "user", key: "jan", id: "1", owner: "default", range: undefined };
const update = (...fields: readonly FieldChange[]): Change => ({
  ...base,
  action: "update",
  attributes: {},
  changed: [],
  previousKey: undefined,
  fields,
});
const lines = (change: Change, overrides: Partial<typeof options> = {}) =>
  [...renderChanges([change], [], { ...options, ...overrides })].join("").split("\n");

describe("renderChanges", () => {
  it("shows old and new values side by side where both fit", () => {
    const change = update(
      { name: "email", before: "", after: "a@b.nl" },
      { name: "is_staff", before: false, after: true },
    );
    expect(lines(change)).toEqual([
      "user",
      "  ~ jan",
      '      email:    "" → a@b.nl',
      "      is_staff: false → true",
      "",
    ]);
  });

  it("shows what long lists gain and lose, and no line wider than the terminal", () => {
    const [a, b, c] = ["taken.view_externetaak", "taken.add_externetaak", "taken.change_externetaak"];
    const shown = lines(update({ name: "permissions", before: [a, b], after: [a, c] }));
    expect(shown.slice(2, -1)).toEqual([`      permissions: + ${c}`, `                   - ${b}`]);
  });

  it("shows both lists where only the order changes", () => {
    const [a, b] = ["a".repeat(20), "b".repeat(20)];
    const shown = lines(update({ name: "scopes", before: [a, b], after: [b, a] }));
    expect(shown.slice(2, -1)).toEqual([`      scopes: ${a}, ${b}`, `              → ${b}, ${a}`]);
  });

  it("shows of a mapping the values that differ", () => {
    const before = { groups_settings: { sync: true, sync_pattern: "*" } };
    const after = { groups_settings: { sync: false, sync_pattern: "*" } };
    expect(lines(update({ name: "options", before, after })).slice(2, -1)).toEqual([
      "      options.groups_settings.sync: true → false",
    ]);
  });

  it("breaks long values at spaces and leaves long words whole", () => {
    const url = `https://${"keycloak.".repeat(7)}example/`;
    const shown = lines({
      ...base,
      action: "create",
      attributes: {},
      fields: [
        { name: "first_name", before: null, after: "een twee drie vier vijf zes zeven acht negen tien elf" },
        { name: "url", before: null, after: url },
      ],
    });
    expect(shown.slice(2, -1)).toEqual([
      "      first_name: een twee drie vier vijf zes zeven acht",
      "                  negen tien elf",
      `      url:        ${url}`,
    ]);
  });

  it("leaves out of what is new that which is empty, off or zero", () => {
    const fields = ["", null, false, 0, []].map((after, index) => ({ name: `f${index}`, before: null, after }));
    const change: Change = {
      ...base,
      action: "create",
      attributes: {},
      fields: [...fields, { name: "token", sensitive: true }],
    };
    expect(lines(change)).toEqual(["user", "  + jan", "      token: (secret)", ""]);
    expect(lines(change, { details: false })).toEqual(["user", "  + jan", ""]);
  });

  it("cuts the list of what is unchanged, and escapes what could steer a terminal", () => {
    const unchanged = Array.from({ length: 30 }, (_, index) => ({ kind: "user", key: `user\u001b${index}` }));
    const [, line = ""] = [...renderChanges([], unchanged, options)].join("").split("\n");
    expect(line).toMatch(/^ {2}= 30 unchanged: user\\/);
    expect(line).toHaveLength(60);
    expect(line).not.toContain("\u001b");
  });

  it("says why an entry is deleted", () => {
    expect(lines({ ...base, action: "delete", reason: "pruned", fields: [] })[1]).toBe("  - jan (no file declares it)");
    expect(lines({ ...base, action: "delete", reason: "absent", fields: [] })[1]).toBe("  - jan");
  });
});
