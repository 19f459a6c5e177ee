import { defineKind } from "../table-kind.js";

/** A group of users and what it permits. */
export const group = defineKind({
  name: "group",
  table: "groups",
  keyColumn: "name",
  hasFreeNames: true,
  columns: {},
  sets: { permissions: { table: "group_permissions", ownerColumn: "group_id", memberColumn: "permission" } },
});
