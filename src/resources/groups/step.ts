import { defineStep } from "../../config/step.js";
import { declareGroups } from "./declare.js";
import { groupsSchema } from "./schema.js";

/** Groups of users and what they permit. */
export const groups = defineStep({
  flag: "groups_config_enable",
  namespace: "groups_config",
  title: "Groups",
  kinds: ["group"],
  schema: groupsSchema,
  declare: declareGroups,
});
