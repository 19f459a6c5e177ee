import type { Declaration } from "../../config/step.js";
import { permissionNames, sortedUnique } from "../permissions.js";
import type { UsersConfig } from "./schema.js";

export function declareUsers({ users }: UsersConfig): readonly Declaration[] {
  return users.map((user, index) => {
    const declared = { kind: "user", key: user.username, path: ["users", index] };
    if (user.state === "absent") return { ...declared, state: "absent", attributes: {} };
    const { provider = null, subject = null } = user.sign_in ?? {};
    return {
      ...declared,
      ...(user.sign_in && { fields: { sign_in_provider: ["sign_in", "provider"] } }),
      attributes: {
        email: user.email,
        first_name: user.first_name,
        last_name: user.last_name,
        is_active: user.is_active,
        is_staff: user.is_staff,
        is_superuser: user.is_superuser,
        // The hash of an empty password would let anybody in who leaves the field empty.
        password: user.password?.reveal() ? user.password : undefined,
        sign_in_provider: provider,
        sign_in_subject: subject,
        // What is not written releases no link that was made before.
        sign_in: provider === null ? undefined : { provider, subject },
        groups: sortedUnique(user.groups),
        permissions: permissionNames(user.permissions),
      },
    };
  });
}
