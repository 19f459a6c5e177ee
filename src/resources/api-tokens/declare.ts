import type { Declaration } from "../../config/step.js";
import type { Attributes } from "../../plan/resource.js";
import { isSecret, type Secret } from "../../secrets/secret.js";
import { parseDuration } from "../duration.js";
import { permissionNames } from "../permissions.js";
import type { TokenAuthConfig } from "./schema.js";

type PresentToken = Exclude<TokenAuthConfig["items"][number], { state: "absent" }>;

export function declareTokens({ items }: TokenAuthConfig): readonly Declaration[] {
  return items.map((item, index) => {
    const declared = { kind: "api_token", key: item.identifier, path: ["items", index] };
    if (item.state === "absent") return { ...declared, state: "absent", attributes: {} };
    return { ...declared, attributes: attributesOf(item) };
  });
}

function attributesOf(item: PresentToken): Attributes {
  const value: Secret | undefined = isSecret(item.token) ? item.token : undefined;
  return {
    token: value,
    generated: value === undefined,
    contact_person: item.contact_person,
    email: item.email,
    organization: item.organization,
    application: item.application,
    administration: item.administration,
    user: item.user ?? null,
    is_superuser: item.is_superuser ?? false,
    permissions: permissionsOf(item),
    expires_at: item.expires_at === undefined ? null : new Date(item.expires_at).toISOString(),
    grace_seconds: parseDuration(item.grace_period ?? "0s") ?? 0,
  };
}

/** Null: all of the user's. A service user has none but those that are written. */
function permissionsOf({ user, permissions }: PresentToken): readonly string[] | null {
  if (permissions !== undefined) return permissionNames(permissions);
  return user === undefined ? [] : null;
}
