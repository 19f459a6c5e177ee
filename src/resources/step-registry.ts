import type { Step } from "../config/step.js";
import { tokenAuth } from "./api-tokens/step.js";
import { groups } from "./groups/step.js";
import { oidc } from "./oidc/step.js";
import { users } from "./users/step.js";

/** The steps that the program brings, those first that others depend on. */
export const coreSteps: readonly Step[] = [groups, users, oidc, tokenAuth];
