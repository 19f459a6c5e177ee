import * as z from "zod";
import { unlessEmpty } from "../../config/entry-writer.js";
import { createStep } from "../../config/step.js";
import { maxGroupName } from "../../users/names.js";
import { group } from "../kinds.js";
import { name, permissionExamples, permissionList, permissionNames, stateOf } from "../step-fields.js";

const fields = z.strictObject({
  name: name(maxGroupName).describe("The group's name, unique among groups."),
  permissions: permissionList
    .default([])
    .describe("The permissions of the group's members.")
    .meta({ examples: permissionExamples }),
});

const state = stateOf("group");

const item = z.discriminatedUnion("state", [
  fields.extend({ state: state.present }),
  fields.partial().extend({ name: fields.shape.name, state: state.absent }),
]);

const groupsSchema = z.strictObject({
  items: z.array(item).describe("The groups, each with its permissions."),
});

/** Groups of users and what they permit. */
export const groups = createStep({
  flag: "groups_config_enable",
  namespace: "groups_config",
  title: "Groups",
  kinds: [group],
  schema: groupsSchema,
  declare: declareGroups,
  writers: [
    {
      kind: group.name,
      list: "items",
      write: ({ key, attributes }) => ({ name: key, permissions: unlessEmpty(attributes.permissions) }),
    },
  ],
});

function declareGroups({ items }: z.output<typeof groupsSchema>) {
  return items.map((item, index) => {
    const path = ["items", index];
    if (item.state === "absent") return group.absent(item.name, path);
    return group.resource(item.name, { permissions: permissionNames(item.permissions) }, path);
  });
}
