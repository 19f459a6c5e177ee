import * as z from "zod";
import { longestGroupName } from "../../users/names.js";
import { permissionList } from "../permissions.js";
import { name } from "../step-fields.js";

const fields = z.strictObject({
  name: name(longestGroupName).describe("The group's name, unique among groups."),
  permissions: permissionList.default([]).describe("What the group's members may do."),
});

const group = z.discriminatedUnion("state", [
  fields.extend({ state: z.literal("present").optional().describe("`present`, or `absent` to take the group away.") }),
  fields
    .partial()
    .extend({ name: fields.shape.name, state: z.literal("absent").describe("The group shall not exist.") }),
]);

export const groupsSchema = z.strictObject({
  items: z.array(group).describe("The groups, each with its permissions."),
});
