import type { PlannedWorld } from "../../plan/kind.js";
import type { Resource } from "../../plan/resource.js";
import type { Finding } from "../../yaml/node.js";
import { apiClient } from "../known-clients.js";

/** Tells of privileged users that nobody can become by signing in, where people sign in through a provider. */
export function reviewSignIn(world: PlannedWorld): readonly Finding[] {
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

function remark({ attributes, place }: Resource, provider: string): Finding {
  const lines = `\`sign_in: {provider: ${provider}}\``;
  const code = "SIGN_IN_MISSING";
  if (attributes.is_superuser === true && attributes.password !== undefined) {
    // An account for emergencies: right as it is, but not what a file means that was written for a person.
    const message =
      "this superuser has a password: it signs in with that alone, and nobody becomes it through a provider";
    const hint = `leave it so for emergencies; for a person, write ${lines} instead of the password`;
    return { severity: "note", code, message, hint, place };
  }
  const what = attributes.is_superuser === true ? "superuser" : "staff account";
  const message = `this ${what} has no \`sign_in\`: a provider's user of the same name can't sign in as it`;
  const hint = `write ${lines} at this user, with \`subject\` beside \`provider\` to name one person there`;
  return { severity: "warning", code, message, hint, place };
}
