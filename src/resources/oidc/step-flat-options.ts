import * as z from "zod";
import { text } from "../../config/fields.js";
import { longestGroupPattern } from "../../users/names.js";
import { type ClientOptions, claimMappings, claimPath, groupNames } from "./step-options.js";

/** Fields from the time before `options`, and where each is written today. */
export const flatOptionPlaces = {
  username_claim: "options.user_settings.claim_mappings.username",
  claim_mapping: "options.user_settings.claim_mappings",
  groups_claim: "options.groups_settings.claim_mapping",
  sync_groups: "options.groups_settings.sync",
  sync_groups_glob_pattern: "options.groups_settings.sync_pattern",
  default_groups: "options.groups_settings.default_groups",
  make_users_staff: "options.groups_settings.make_users_staff",
  superuser_group_names: "options.groups_settings.superuser_group_names",
} as const;

type FlatOption = keyof typeof flatOptionPlaces;

export const flatOptionNames = Object.keys(flatOptionPlaces) as readonly FlatOption[]; // The table above has no other keys.

export const flatOptionFields = {
  username_claim: flat("username_claim", claimPath.min(1)),
  claim_mapping: flat("claim_mapping", claimMappings),
  groups_claim: flat("groups_claim", claimPath),
  sync_groups: flat("sync_groups", z.boolean()),
  sync_groups_glob_pattern: flat("sync_groups_glob_pattern", text(longestGroupPattern)),
  default_groups: flat("default_groups", groupNames),
  make_users_staff: flat("make_users_staff", z.boolean()),
  superuser_group_names: flat("superuser_group_names", groupNames),
};

export type FlatOptions = { readonly [Name in FlatOption]?: z.output<(typeof flatOptionFields)[Name]> };

/** The same, as `options` has it; parts whose fields are not written are undefined. */
export function nestOptions(flat: FlatOptions): ClientOptions {
  const { username_claim: username, claim_mapping: mapping } = flat;
  const groups = {
    claim_mapping: flat.groups_claim,
    sync: flat.sync_groups,
    sync_pattern: flat.sync_groups_glob_pattern,
    default_groups: flat.default_groups,
    make_users_staff: flat.make_users_staff,
    superuser_group_names: flat.superuser_group_names,
  };
  return {
    ...((username ?? mapping) !== undefined && {
      user_settings: { claim_mappings: { ...(username && { username }), ...mapping } },
    }),
    ...(Object.values(groups).some((value) => value !== undefined) && { groups_settings: groups }),
  };
}

function flat<Schema extends z.ZodType>(name: FlatOption, schema: Schema): z.ZodOptional<Schema> {
  return schema
    .optional()
    .describe(`Deprecated: write it as \`${flatOptionPlaces[name]}\`.`)
    .meta({ deprecated: true });
}
