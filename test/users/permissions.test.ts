import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SetupError } from "../../src/errors.js";
import { createPermissionReader, type PermissionTexts } from "../../src/users/permissions.js";

const nowMs = Date.parse("2026-05-01T12:00:00Z");
const names = ["taken.view_taak", "taken.add_taak", "zaken.view_zaak"];

const texts: PermissionTexts = {
  own: JSON.stringify(["taken.view_taak"]),
  ofGroups: JSON.stringify(["zaken.view_zaak"]),
  narrowedTo: null,
  isSuperuser: false,
};

const readPermissions = createPermissionReader();

function mayOf(row: PermissionTexts, atMs = nowMs): readonly string[] {
  const { permissions } = readPermissions(row, atMs);
  return names.filter((name) => permissions.has(name));
}

describe("permissions that principals share", () => {
  it("are the same object for rows with the same texts", () => {
    const { permissions } = readPermissions(texts, nowMs);
    expect(readPermissions({ ...texts }, nowMs + 1).permissions).toBe(permissions);
    expect(Object.isFrozen(permissions.has)).toBe(true);
  });

  it("are never those of another row, whatever was read before", () => {
    const list = fc.subarray(names).map((some) => JSON.stringify(some));
    const rows = fc.record<PermissionTexts>({
      own: list,
      ofGroups: list,
      narrowedTo: fc.option(list),
      isSuperuser: fc.boolean(),
    });
    const check = (row: PermissionTexts) => {
      const held = [...JSON.parse(row.own), ...JSON.parse(row.ofGroups)];
      const limit = row.narrowedTo === null ? names : JSON.parse(row.narrowedTo);
      const expected = names.filter((name) => limit.includes(name) && (row.isSuperuser || held.includes(name)));
      expect(mayOf(row)).toEqual(expected);
      const { all } = readPermissions(row, nowMs).permissions;
      // A superuser may more than is listed.
      const listed = names.filter((name) => limit.includes(name) && (held.includes(name) || row.narrowedTo !== null));
      expect(names.filter((name) => all.has(name))).toEqual(row.isSuperuser ? listed : expected);
    };
    // There are 256 of them, so that nearly each is met again.
    fc.assert(fc.property(rows, check), { numRuns: 1500 });
  });

  it("end with a membership, also where the same row was read while it counted", () => {
    const until = "2026-05-01T13:00:00.000Z";
    const row = { ...texts, ofGroups: JSON.stringify([`${until}\nzaken.view_zaak`, "taken.add_taak"]) };
    expect(readPermissions(row, nowMs).endsAtMs).toBe(Date.parse(until));
    expect(mayOf(row)).toEqual(names);
    expect(mayOf(row, Date.parse(until))).toEqual(["taken.view_taak", "taken.add_taak"]);
    expect(mayOf(row)).toEqual(names);
  });

  it("do not hold a membership whose end can't be parsed", () => {
    const row = { ...texts, ofGroups: JSON.stringify(["soon\nzaken.view_zaak", "\ntaken.add_taak"]) };
    expect(mayOf(row)).toEqual(["taken.view_taak"]);
  });

  it("are refused where a list is damaged, also beside a sound row that it would look like", () => {
    expect(mayOf({ ...texts, own: "[]", ofGroups: "[]", narrowedTo: "[]" })).toEqual([]);
    for (const narrowedTo of ["", "[", '["a.b"]["a.b"]', "{}", "[1]"]) {
      expect(() => readPermissions({ ...texts, narrowedTo }, nowMs)).toThrow(SetupError);
    }
  });
});
