import { nearest } from "../../config/nearest.js";
import type { ConfigPath } from "../../config/step.js";
import type { ClientOptions } from "./options.js";

/** A key of `options` that is nearly one that the runtime reads. */
export interface MisspeltOption {
  /** Below `options`. */
  readonly path: ConfigPath;
  readonly meant: string;
}

const rootKeys = ["user_settings", "groups_settings"];
const userKeys = ["claim_mappings", "username_case_sensitive", "sensitive_claims"];
const mappingKeys = ["username", "email", "first_name", "last_name", "is_active", "is_staff", "is_superuser"];
const groupKeys = [
  "claim_mapping",
  "sync",
  "sync_pattern",
  "default_groups",
  "make_users_staff",
  "superuser_group_names",
];

/** Free keys that are two edits or fewer away from a known one at their place. */
export function misspeltOptions(options: ClientOptions): readonly MisspeltOption[] {
  return [
    ...misspeltKeys(options, rootKeys, []),
    ...misspeltKeys(options.user_settings, userKeys, ["user_settings"]),
    ...misspeltKeys(options.user_settings?.claim_mappings, mappingKeys, ["user_settings", "claim_mappings"]),
    ...misspeltKeys(options.groups_settings, groupKeys, ["groups_settings"]),
  ];
}

function misspeltKeys(
  mapping: object | undefined,
  known: readonly string[],
  path: ConfigPath,
): readonly MisspeltOption[] {
  return Object.keys(mapping ?? {}).flatMap((key) => {
    const meant = known.includes(key) ? undefined : nearest(key, known);
    return meant === undefined ? [] : [{ path: [...path, key], meant }];
  });
}
