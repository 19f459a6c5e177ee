import type { AttributeSpec, Kind, PlannedWorld, Refusal } from "../../plan/kind.js";
import type { AttributeValue } from "../../plan/resource.js";
import { Secret } from "../../secrets/secret.js";
import { digestToken } from "../../secrets/token.js";
import { releaseNames } from "./kind-service-user.js";
import { readTokens, removeTokens, writeTokens } from "./kind-store.js";

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

/** An API token: stored as a digest, tied to a user or to its own service user. */
export const apiToken: Kind = {
  name: "api_token",
  dependsOn: ["user"],
  attributes,
  check: (world) => [...refuseServiceNames(world), ...refuseUsernames(world)],
  release: releaseNames,
  read: readTokens,
  write: writeTokens,
  remove: removeTokens,
};

function digestOf(value: AttributeValue): string | undefined {
  return value instanceof Secret ? digestToken(value) : undefined;
}

/** A service user must not become, or be mistaken for, an existing user (RFC 9700 §4.15). */
function refuseServiceNames(world: PlannedWorld): readonly Refusal[] {
  const usernames = world.keys("user");
  return world
    .wanted("api_token")
    .filter((token) => token.present && token.attributes.user === null && usernames.has(token.key))
    .map(({ key, attributes, range }) => ({
      reason: "refused",
      code: "NAME_TAKEN",
      message: `the service user of api_token ${key} would have the name of an existing user`,
      hint: `write \`user: ${key}\`${attributes.is_superuser ? " in place of `is_superuser`" : ""} to tie the token to this user, or choose another identifier`,
      range,
    }));
}

/** Nor may a user take the name of a remaining service user. */
function refuseUsernames(world: PlannedWorld): readonly Refusal[] {
  const services = new Map(
    world.left("api_token").flatMap((token) => (token.attributes.user === null ? [[token.key, token.owner]] : [])),
  );
  return world
    .wanted("user")
    .filter(({ key, present }) => present && services.has(key))
    .map(({ key, range }) => {
      const owner = services.get(key) ?? world.owner;
      const withToken =
        owner === world.owner
          ? `declare the token too, with \`user: ${key}\` to tie it to this user, or with \`state: absent\``
          : `let the owner ${owner} do so with the token: \`user:\` with another name, or another identifier`;
      return {
        reason: "refused",
        code: "NAME_TAKEN",
        message: `the service user of api_token ${key}, which this run leaves as it is, has the name of user ${key}`,
        hint: `choose another username, or ${withToken}`,
        range,
      };
    });
}
