import type { Step } from "../config/step.js";
import type { Kind } from "../plan/kind.js";
import { apiTokenKind } from "./api-tokens/kind.js";
import { tokenAuth } from "./api-tokens/step.js";
import { groups } from "./groups/step.js";
import { group, policy } from "./kinds.js";
import { oidcClientKind, oidcProviderKind } from "./oidc/kind.js";
import { oidc } from "./oidc/step.js";
import { createTableStore } from "./table-store.js";
import { userKind } from "./users/kind.js";
import { users } from "./users/step.js";

/** The built-in kinds. */
export const coreKinds: readonly Kind[] = [
  { ...group, ...createTableStore(group) },
  userKind,
  oidcProviderKind,
  oidcClientKind,
  apiTokenKind,
  { ...policy, ...createTableStore(policy), isReadWhole: true },
];

/** The built-in steps; those that others depend on come first. */
export const coreSteps: readonly Step[] = [groups, users, oidc, tokenAuth];
