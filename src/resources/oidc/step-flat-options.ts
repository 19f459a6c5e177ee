import * as z from "zod";
import { text } from "../../config/fields.js";
import type { ConfigPath, PlainValue } from "../../plan/resource.js";
import { maxGroupPattern } from "../../users/names.js";
import { type ClientOptions, claimMappings, claimPath, groupNames } from "./step-options.js";
import { settingFields } from "./step-provider.js";

/** Options with every part that the runtime reads. */
interface CompletedOptions {
  readonly options: { readonly [key: string]: PlainValue };
  /** The parts that had to be filled in. */
  readonly defaulted: readonly string[];
  /** Below `options`: the fields without a value, which count as left out. */
  readonly empty: readonly ConfigPath[];
}

export const defaultUsername = ["sub"];
export const defaultMappings = { email: ["email"], first_name: ["given_name"], last_name: ["family_name"] };
// Anything that a file leaves out grants no group, staff or superuser rights.
export const defaultGroups = {
  claim_mapping: [],
  sync: true,
  sync_pattern: "*",
  default_groups: [],
  make_users_staff: false,
  superuser_group_names: [],
};
// The default of the deprecated flat fields, in `mozilla-django-oidc-db` too.
export const flatGroupsClaim = ["roles"];

/** True where `options` has content: the deprecated flat fields are then ignored. */
export function hasOptions(client: { readonly options?: ClientOptions | undefined }): boolean {
  return Object.keys(client.options ?? {}).length > 0;
}

/** A client's options, from `options` or else from the deprecated flat fields, with defaults for what is missing. */
export function completeOptions(
  client: FlatOptions & { readonly options?: ClientOptions | undefined },
): CompletedOptions {
  const isFlat = !hasOptions(client);
  const written = isFlat ? nestOptions(client) : (client.options ?? {});
  const user = written.user_settings && withoutEmpty(written.user_settings, userFields);
  const groups = written.groups_settings && withoutEmpty(written.groups_settings, groupFields);
  const mappings = written.user_settings?.claim_mappings && withoutEmpty(written.user_settings.claim_mappings);
  // A written mapping is complete as its author means it; only a lone flat username leaves the other fields to the defaults.
  const lone = isFlat && client.claim_mapping === undefined;
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
    groups_settings: { ...defaultGroups, ...(isFlat && { claim_mapping: flatGroupsClaim }), ...groups },
  };
  return {
    // The schema accepts only plain JSON, and undefined values were removed above.
    options: options as { readonly [key: string]: PlainValue },
    defaulted: [...missingUserParts(written.user_settings, lone), ...missingGroupParts(written.groups_settings)],
    empty: isFlat ? [] : emptyFields(written),
  };
}

function missingUserParts(user: ClientOptions["user_settings"], lone: boolean): readonly string[] {
  if (user === undefined) return ["user_settings"];
  if (user.claim_mappings === undefined || lone) return ["user_settings.claim_mappings"];
  return user.claim_mappings.username === undefined ? ["user_settings.claim_mappings.username"] : [];
}

function missingGroupParts(groups: ClientOptions["groups_settings"]): readonly string[] {
  if (groups === undefined) return ["groups_settings"];
  return Object.keys(defaultGroups)
    .filter((name) => groups[name] === undefined)
    .map((name) => `groups_settings.${name}`);
}

// Custom keys keep even null, since nothing here reads them.
const userFields: ReadonlySet<string> = new Set(["username_case_sensitive"]);
const groupFields: ReadonlySet<string> = new Set(Object.keys(defaultGroups));

function emptyFields({ user_settings: user, groups_settings: groups }: ClientOptions): readonly ConfigPath[] {
  const mappings = user?.claim_mappings ?? {};
  return [
    ...emptyNames(mappings).map((name) => ["user_settings", "claim_mappings", name]),
    ...emptyNames(user, userFields).map((name) => ["user_settings", name]),
    ...emptyNames(groups, groupFields).map((name) => ["groups_settings", name]),
  ];
}

function emptyNames(mapping: object = {}, known?: ReadonlySet<string>): readonly string[] {
  return Object.entries(mapping).flatMap(([name, value]) =>
    value === null && known?.has(name) !== false ? [name] : [],
  );
}

/** Without undefined values, and without null in the known fields. */
function withoutEmpty(mapping: object, known?: ReadonlySet<string>): Readonly<Record<string, unknown>> {
  const empty = new Set(emptyNames(mapping, known));
  return Object.fromEntries(Object.entries(mapping).filter(([name, value]) => value !== undefined && !empty.has(name)));
}

/** Fields from before `options`, and where each is written today. */
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

export const flatOptionNames = Object.keys(flatOptionPlaces) as readonly FlatOption[];
// The table above has no other keys.

export const flatOptionFields = {
  username_claim: flat("username_claim", claimPath.min(1)),
  claim_mapping: flat("claim_mapping", claimMappings),
  groups_claim: flat("groups_claim", claimPath),
  sync_groups: flat("sync_groups", z.boolean()),
  sync_groups_glob_pattern: flat("sync_groups_glob_pattern", text(maxGroupPattern)),
  default_groups: flat("default_groups", groupNames),
  make_users_staff: flat("make_users_staff", z.boolean()),
  superuser_group_names: flat("superuser_group_names", groupNames),
};

type FlatOptions = { readonly [Name in FlatOption]?: z.output<(typeof flatOptionFields)[Name]> };

/** The same fields in the form of `options`; parts whose fields are not written are undefined. */
function nestOptions(flat: FlatOptions): ClientOptions {
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

/**
 * How to write a client and its provider as two entries, where the fields of both stand directly under the namespace, as
 * `mozilla-django-oidc-db` had them until 2024.
 */
export function explainFlat(names: readonly string[]): string {
  const endpoints = names.filter((name) => isEndpoint(name));
  const atProvider = names.filter((name) => isOfProvider(name) && !isEndpoint(name));
  const atClient = names.filter((name) => !isOfProvider(name));
  const provider = [
    ...(endpoints.length === 0 ? [] : [`\`endpoint_config:\` with ${quoted(endpoints)} in it`]),
    ...(atProvider.length === 0 ? [] : [quoted(atProvider)]),
  ];
  return [
    "write `items:` with one entry that starts with `- identifier: admin-oidc` and contains",
    `\`oidc_provider_identifier: NAME\`${atClient.length === 0 ? "" : ` and ${quoted(atClient)}`};`,
    "and `providers:` with one entry that starts with `- identifier: NAME` and contains",
    provider.join(" and ") || "the provider's `endpoint_config`",
  ].join(" ");
}

function isEndpoint(name: string): boolean {
  return /^oidc_op_\w+_endpoint$/.test(name);
}

function isOfProvider(name: string): boolean {
  const isSetting = Object.hasOwn(settingFields, name) || name === "oidc_use_pkce";
  return isSetting || name === "endpoint_config" || name.startsWith("oidc_op_");
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ");
}
