import type { PlainValue } from "../../plan/resource.js";
import { type FlatOptions, nestOptions } from "./flat-options.js";
import type { ClientOptions } from "./options.js";

/** Options with every part that the runtime reads, and the places of those that had to be filled in. */
export interface CompletedOptions {
  readonly options: { readonly [key: string]: PlainValue };
  readonly defaulted: readonly string[];
}

const defaultUsername = ["sub"];
const defaultMappings = { email: ["email"], first_name: ["given_name"], last_name: ["family_name"] };
const defaultGroups = {
  claim_mapping: ["roles"],
  sync: true,
  sync_pattern: "*",
  default_groups: [],
  make_users_staff: false,
  superuser_group_names: [],
};

/** True where `options` says something: then the deprecated flat fields count for nothing. */
export function hasOptions(client: { readonly options?: ClientOptions | undefined }): boolean {
  return Object.keys(client.options ?? {}).length > 0;
}

/** A client's options, from `options` or else from the deprecated flat fields, with defaults for what is missing. */
export function completeOptions(
  client: FlatOptions & { readonly options?: ClientOptions | undefined },
): CompletedOptions {
  const written = hasOptions(client) ? (client.options ?? {}) : nestOptions(client);
  const user = written.user_settings;
  const groups = definedOnly(written.groups_settings ?? {});
  const mappings = user?.claim_mappings;
  // A mapping that is written is all that its author wants; only a flat username alone leaves the other fields to the defaults.
  const lone = !hasOptions(client) && client.claim_mapping === undefined;
  const options = {
    ...written,
    user_settings: {
      username_case_sensitive: true,
      ...user,
      claim_mappings: {
        username: defaultUsername,
        ...((mappings === undefined || lone) && defaultMappings),
        ...mappings,
      },
    },
    groups_settings: { ...defaultGroups, ...groups },
  };
  return {
    // The schema takes nothing but plain JSON, and what is undefined was taken out above.
    options: options as { readonly [key: string]: PlainValue },
    defaulted: [...missingUserParts(user, lone), ...missingGroupParts(written.groups_settings && groups)],
  };
}

function missingUserParts(user: ClientOptions["user_settings"], lone: boolean): readonly string[] {
  if (user === undefined) return ["user_settings"];
  if (user.claim_mappings === undefined || lone) return ["user_settings.claim_mappings"];
  return user.claim_mappings.username === undefined ? ["user_settings.claim_mappings.username"] : [];
}

function missingGroupParts(groups: Readonly<Record<string, unknown>> | undefined): readonly string[] {
  if (groups === undefined) return ["groups_settings"];
  return Object.keys(defaultGroups)
    .filter((name) => !(name in groups))
    .map((name) => `groups_settings.${name}`);
}

function definedOnly(mapping: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(mapping).filter(([, value]) => value !== undefined));
}
