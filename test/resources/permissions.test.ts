import { describe, expect, it } from "vitest";
import { permissionList, permissionNames } from "../../src/resources/step-fields.js";

const uuid = "b0e8553f-8b1a-4d55-ab90-6d02f1bcf2c2";

function names(written: unknown): readonly string[] {
  return permissionNames(permissionList.parse(written));
}

describe("permissions", () => {
  it.each(["taken.view_externetaak", "a.b", "objecttype.x-1.read_only", "A.B.C.D"])("accepts %s", (text) => {
    expect(names([text])).toEqual([text]);
  });

  it.each(["taken", "", ".a", "a.", "a..b", "a b.c", "a.é", "a.*", "a.b\n"])("refuses %j", (text) => {
    expect(permissionList.safeParse([text]).error?.issues).toMatchObject([
      { code: "invalid_format", path: [0], message: expect.stringContaining("expected a permission such as") },
    ]);
  });

  it.each([uuid, uuid.toUpperCase(), uuid.replaceAll("-", ""), `{${uuid}}`, `urn:uuid:${uuid}`])(
    "A9.60 reads %s as the same object type",
    (text) => {
      expect(names([{ object_type: text, mode: "read_only" }])).toEqual([`objecttype.${uuid}.read_only`]);
    },
  );

  it.each([
    "b0e8553f-8b1a-1d55-ab90-6d02f1bcf2c2",
    "b0e8553f8b1a1d55ab906d02f1bcf2c2",
    "b0e8553f",
    `{${uuid}`,
    `${uuid} `,
    "",
  ])("refuses %j, which is no UUID of version 4", (text) => {
    const { error } = permissionList.safeParse([{ object_type: text, mode: "read_only" }]);
    expect(error?.issues).toMatchObject([
      { code: "invalid_format", path: [0, "object_type"], message: "expected a UUID of version 4" },
    ]);
  });

  it("A9.68 keeps both modes of an object type, sorted, each once", () => {
    const entries = [
      { object_type: uuid, mode: "read_only" },
      { object_type: uuid.toUpperCase(), mode: "read_and_write" },
      { object_type: uuid, mode: "read_only" },
      "a.b",
    ];
    expect(names(entries)).toEqual(["a.b", `objecttype.${uuid}.read_and_write`, `objecttype.${uuid}.read_only`]);
  });

  it("A9.70 refuses another mode, and the fields that the Objects API removed", () => {
    const entry = { object_type: uuid, mode: "read_only" };
    expect(permissionList.safeParse([entry]).success).toBe(true);
    expect(flat(permissionList.safeParse([{ ...entry, mode: "test" }]).error?.issues)).toContain(
      '"values":["read_only","read_and_write"]',
    );
    expect(flat(permissionList.safeParse([{ ...entry, fields: {} }]).error?.issues)).toContain(
      '"code":"unrecognized_keys","keys":["fields"]',
    );
  });

  it("accepts a permission of 255 characters and rejects a longer one", () => {
    expect(names([`a.${"b".repeat(253)}`])).toHaveLength(1);
    expect(permissionList.safeParse([`a.${"b".repeat(254)}`]).error?.issues).toMatchObject([{ code: "too_big" }]);
  });
});

// Where a union has more than one option of a kind that fits, zod nests its complaints.
function flat(found: unknown): string {
  return JSON.stringify(found);
}
