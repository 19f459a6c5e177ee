import { defineStep } from "../../config/step.js";
import { declareTokens } from "./declare.js";
import { reviewTokens } from "./review.js";
import { tokenAuthSchema } from "./schema.js";

/** API tokens, each tied to a user. */
export const tokenAuth = defineStep({
  flag: "tokenauth_config_enable",
  namespace: "tokenauth",
  title: "API tokens",
  kinds: ["api_token"],
  schema: tokenAuthSchema,
  declare: declareTokens,
  review: reviewTokens,
});
