import type { ReferenceTarget } from "./columns.js";

export const oidcProviders: ReferenceTarget = {
  kind: "oidc_provider",
  table: "oidc_providers",
  keyColumn: "identifier",
};

export const groups: ReferenceTarget = { kind: "group", table: "groups", keyColumn: "name" };
