import type { ConfigPath } from "../../config/step.js";
import type { PlainValue } from "../../plan/resource.js";
import { type FlatOptions, nestOptions } from "./step-flat-options.js";
import type { ClientOptions } from "./step-options.js";

/** Options with every part that the runtime reads. */
export interface CompletedOptions {
  readonly options: { readonly [key: string]: PlainValue };
  /** The parts that had to be filled in. */
  readonly defaulted: readonly string[];
  /** Below `options`: the fields that are written without a value, which count as left out. */
  readonly empty: readonly ConfigPath[];
}

const defaultUsername = ["sub"];
const defaultMappings = { email: ["email"], first_name: ["given_name"], last_name: ["family_name"] };
// What a file leaves out gives nobody a group, staff or superuser rights.
const defaultGroups = {
  claim_mapping: [],
  sync: true,
  sync_pattern: "*",
  default_groups: [],
  make_users_staff: false,
  superuser_group_names: [],
};
// The deprecated flat fields' own default, in `mozilla-django-oidc-db` too.
const flatGroupsClaim = ["roles"];

/** True where `options` says something: then the deprecated flat fields count for nothing. */
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
  // A mapping that is written is all that its author wants; only a flat username alone leaves the other fields to the defaults.
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
    // The schema takes nothing but plain JSON, and what is undefined was taken out above.
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

// Keys of one's own keep even null, since nothing here reads them.
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

/** Without what is undefined, and without null in the fields that are known. */
function withoutEmpty(mapping: object, known?: ReadonlySet<string>): Readonly<Record<string, unknown>> {
  const empty = new Set(emptyNames(mapping, known));
  return Object.fromEntries(Object.entries(mapping).filter(([name, value]) => value !== undefined && !empty.has(name)));
}
