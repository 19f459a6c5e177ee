import type { AttributeSpec, Kind, PlannedWorld, Refusal } from "../../plan/kind.js";
import type { AttributeValue } from "../../plan/resource.js";
import { Secret } from "../../secrets/secret.js";
import { digestToken } from "../../secrets/token.js";
import { readTokens } from "./read.js";
import { removeTokens } from "./remove.js";
import { writeTokens } from "./write.js";

const attributes: Readonly<Record<string, AttributeSpec>> = {
  token: { sensitive: true, identity: digestOf, same: (wanted, stored) => digestOf(wanted) === stored },
  generated: { generates: true },
  user: { references: "user" },
  is_superuser: {},
  permissions: {},
  contact_person: {},
  email: {},
  organization: {},
  application: {},
  administration: {},
  expires_at: {},
  grace_seconds: {},
};

/** An API token: stored as a digest, tied to a user or to a service user of its own. */
export const apiToken: Kind = {
  name: "api_token",
  dependsOn: ["user"],
  attributes,
  check: refuseTakenNames,
  read: readTokens,
  write: writeTokens,
  remove: removeTokens,
};

function digestOf(value: AttributeValue): string | undefined {
  return value instanceof Secret ? digestToken(value) : undefined;
}

/** A service user must not become, or be taken for, somebody who is there already (RFC 9700 §4.15). */
function refuseTakenNames(world: PlannedWorld): readonly Refusal[] {
  const usernames = world.keys("user");
  return world
    .wanted("api_token")
    .filter((token) => token.present && token.attributes.user === null && usernames.has(token.key))
    .map((token) => ({
      reason: "refused",
      code: "NAME_TAKEN",
      message: `the service user of api_token ${token.key} would have the name of an existing user`,
      hint: "write `user:` with that username to tie the token to this user, or choose another identifier",
      place: token.place,
    }));
}
