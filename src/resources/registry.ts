import type { Step } from "../config/step.js";
import type { Kind } from "../plan/kind.js";
import { apiToken } from "./api-tokens/kind.js";
import { tokenAuth } from "./api-tokens/step.js";
import { group } from "./groups/kind.js";
import { groups } from "./groups/step.js";
import { oidcClient, oidcProvider } from "./oidc/kind.js";
import { oidc } from "./oidc/step.js";
import { user } from "./users/kind.js";
import { users } from "./users/step.js";

/** The built-in kinds. */
export const coreKinds: readonly Kind[] = [group, user, oidcProvider, oidcClient, apiToken];

/** The built-in steps; those that others depend on come first. */
export const coreSteps: readonly Step[] = [groups, users, oidc, tokenAuth];
