import type { Kind } from "../plan/kind.js";
import { apiToken } from "./api-tokens/kind.js";
import { group } from "./groups/kind.js";
import { oidcClient } from "./oidc/kind-client.js";
import { oidcProvider } from "./oidc/kind-provider.js";
import { user } from "./users/kind.js";

/** The kinds that the program brings. */
export const coreKinds: readonly Kind[] = [group, user, oidcProvider, oidcClient, apiToken];
