import type { Kind } from "../plan/kind.js";
import { apiToken } from "./api-token/kind.js";
import { group } from "./group/kind.js";
import { oidcClient } from "./oidc-client/kind.js";
import { oidcProvider } from "./oidc-provider/kind.js";
import { user } from "./user/kind.js";

/** The kinds that the program brings. */
export const coreKinds: readonly Kind[] = [group, user, oidcProvider, oidcClient, apiToken];
