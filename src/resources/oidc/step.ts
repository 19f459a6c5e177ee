import { defineStep } from "../../config/step.js";
import { declareOidc } from "./declare.js";
import { explainFlat } from "./explain-flat.js";
import { oidcSchema } from "./schema.js";
import { reviewOidc } from "./step-review.js";

/** OpenID providers and their clients. */
export const oidc = defineStep({
  flag: "oidc_db_config_enable",
  namespace: "oidc_db_config_admin_auth",
  title: "OpenID Connect",
  kinds: ["oidc_provider", "oidc_client"],
  schema: oidcSchema,
  declare: declareOidc,
  review: reviewOidc,
  explainFlat,
});
