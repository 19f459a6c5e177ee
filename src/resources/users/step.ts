import { defineStep } from "../../config/step.js";
import { declareUsers } from "./declare.js";
import { reviewUsers } from "./review.js";
import { usersSchema } from "./schema.js";

/** Users, with their groups and permissions. */
export const users = defineStep({
  flag: "default_user_configuration_enable",
  namespace: "default_user_configuration_config",
  title: "Users",
  kinds: ["user"],
  schema: usersSchema,
  declare: declareUsers,
  review: reviewUsers,
});
