import type { Kind, PlannedWorld } from "../../plan/kind.js";
import type { Resource } from "../../plan/resource.js";
import { hashPassword } from "../../secrets/password.js";
import type { RawDiagnostic } from "../../yaml/node.js";
import { flag, groups, hashed, oidcProviders, reference, text } from "../columns.js";
import { apiClient } from "../known-clients.js";
import { defineKind } from "../table-kind.js";
import { readLinks, releaseLinks, reviewLinks, signInLink } from "./kind-links.js";

const rows = defineKind({
  name: "user",
  table: "users",
  keyColumn: "username",
  hasFreeNames: true,
  only: { is_service: 0 },
  columns: {
    email: text("email"),
    first_name: text("first_name"),
    last_name: text("last_name"),
    is_active: flag("is_active", true),
    is_staff: flag("is_staff", false),
    is_superuser: flag("is_superuser", false),
    password: hashed("password_hash", hashPassword),
    sign_in_provider: reference("sign_in_provider_id", oidcProviders),
    sign_in_subject: text("sign_in_subject", null),
  },
  sets: {
    groups: { table: "user_groups", ownerColumn: "user_id", memberColumn: "group_id", target: groups },
    permissions: { table: "user_permissions", ownerColumn: "user_id", memberColumn: "permission" },
  },
});

/** A person or account. Users that exist for one API token alone belong to that token. */
export const user: Kind = {
  ...rows,
  attributes: { ...rows.attributes, sign_in: signInLink },
  review: (world) => [...reviewSignIn(world), ...reviewLinks(world)],
  async read(context) {
    const [users, links] = [await rows.read(context), await readLinks(context)];
    return users.map((row) => ({ ...row, attributes: { ...row.attributes, sign_in: links.get(row.id) ?? null } }));
  },
  async write(context, changes) {
    await rows.write(context, changes);
    await releaseLinks(context, changes);
  },
};

/** Reports privileged users that nobody can sign in as, where people sign in through a provider. */
function reviewSignIn(world: PlannedWorld): readonly RawDiagnostic[] {
  const clients = [...world.wanted("oidc_client").filter(({ present }) => present), ...world.left("oidc_client")];
  const login = clients.find(({ key, attributes }) => key !== apiClient && attributes.enabled === true);
  if (!login) return [];
  const provider = String(login.attributes.provider ?? "PROVIDER");
  return world.wanted("user").flatMap((user) => (needsSignIn(user) ? remark(user, provider) : []));
}

function needsSignIn({ present, attributes, unknown = [] }: Resource): boolean {
  const isPrivileged = attributes.is_superuser === true || attributes.is_staff === true;
  if (unknown.includes("sign_in_provider")) return false;
  return present && isPrivileged && attributes.is_active !== false && (attributes.sign_in_provider ?? null) === null;
}

function remark({ attributes, range }: Resource, provider: string): RawDiagnostic {
  const lines = `\`sign_in: {provider: ${provider}}\``;
  const code = "SIGN_IN_MISSING";
  if (attributes.is_superuser === true && attributes.password !== undefined) {
    // Right for an emergency account, but not what a file means for a person.
    const message =
      "this superuser has a password: it signs in with that alone, and nobody becomes it through a provider";
    const hint = `leave it so for emergencies; for a person, write ${lines} instead of the password`;
    return { severity: "note", code, message, hint, range };
  }
  const what = attributes.is_superuser === true ? "superuser" : "staff account";
  const message = `this ${what} has no \`sign_in\`: a provider's user of the same name can't sign in as it`;
  const hint = `write ${lines} at this user, with \`subject\` beside \`provider\` to name one person there`;
  return { severity: "warning", code, message, hint, range };
}
