import { describe, expect, it } from "vitest";
import { groups } from "../../src/resources/groups/step.js";
import { complaints, declared, issues } from "./run-step.js";

describe("groups", () => {
  it("declares groups with their permissions, each once and sorted", () => {
    const items = [{ name: "Medewerkers", permissions: ["taken.b", "taken.a", "taken.b"] }, { name: "Lezers" }];
    expect(declared(groups, { items })).toEqual([
      { kind: "group", key: "Medewerkers", attributes: { permissions: ["taken.a", "taken.b"] }, path: ["items", 0] },
      { kind: "group", key: "Lezers", attributes: { permissions: [] }, path: ["items", 1] },
    ]);
  });

  it("declares a group absent, whether the rest of it is still there or not", () => {
    const items = [
      { name: "a", state: "absent" },
      { name: "b", permissions: ["x.y"], state: "absent" },
    ];
    expect(declared(groups, { items }).map(({ key, state, attributes }) => ({ key, state, attributes }))).toEqual([
      { key: "a", state: "absent", attributes: {} },
      { key: "b", state: "absent", attributes: {} },
    ]);
    expect(declared(groups, { items: [{ name: "a", state: "present" }] })[0]?.state).toBeUndefined();
  });

  it("refuses another state", () => {
    expect(issues(groups, { items: [{ name: "a", state: "gone" }] })).toMatchObject([
      { path: "items.0.state", code: "invalid_union" },
    ]);
  });

  it("refuses an unknown field, a missing name, and a list that is missing or null", () => {
    expect(issues(groups, { items: [{ name: "a", permission: [] }] })).toMatchObject([
      { path: "items.0", code: "unrecognized_keys", keys: ["permission"] },
    ]);
    expect(issues(groups, { items: [{}] })).toMatchObject([{ path: "items.0.name", code: "invalid_type" }]);
    expect(issues(groups, {})).toMatchObject([{ path: "items", code: "invalid_type", expected: "array" }]);
    expect(issues(groups, { items: null })).toMatchObject([{ path: "items", code: "invalid_type", expected: "array" }]);
    expect(declared(groups, { items: [] })).toEqual([]);
  });

  it("accepts a name of 500 characters and rejects an empty, a longer and an invisible one", () => {
    expect(issues(groups, { items: [{ name: "n".repeat(500) }] })).toEqual([]);
    expect(issues(groups, { items: [{ name: "n".repeat(501) }] })).toMatchObject([{ code: "too_big", maximum: 500 }]);
    expect(issues(groups, { items: [{ name: "" }] })).toMatchObject([{ code: "too_small", minimum: 1 }]);
    const message = "expected a name without control characters";
    expect(complaints(groups, { items: [{ name: "a\tb" }] })).toEqual([{ path: "items.0.name", message }]);
    expect(complaints(groups, { items: [{ name: "a\u202eb" }] })).toEqual([{ path: "items.0.name", message }]);
  });
});
