import type { ConfigPath } from "../../config/step.js";
import { nearest } from "../../nearest.js";

/** A key of `options` that is nearly one that the runtime reads. */
export interface MisspeltOption {
  /** Below `options`. */
  readonly path: ConfigPath;
  readonly meant: string;
}

const rootKeys = ["user_settings", "groups_settings"];
const userKeys = ["claim_mappings", "username_case_sensitive", "allow_unverified_email", "sensitive_claims"];
const mappingKeys = ["username", "email", "first_name", "last_name", "is_active", "is_staff", "is_superuser"];
const groupKeys = [
  "claim_mapping",
  "separator",
  "strip_path",
  "on_overage",
  "sync",
  "sync_pattern",
  "default_groups",
  "make_users_staff",
  "superuser_group_names",
];

/** Free keys that are two edits or fewer away from a known one at their place; wrong types are another check's. */
export function misspeltOptions(options: unknown): readonly MisspeltOption[] {
  const user = valueAt(options, "user_settings");
  return [
    ...misspeltKeys(options, rootKeys, []),
    ...misspeltKeys(user, userKeys, ["user_settings"]),
    ...misspeltKeys(valueAt(user, "claim_mappings"), mappingKeys, ["user_settings", "claim_mappings"]),
    ...misspeltKeys(valueAt(options, "groups_settings"), groupKeys, ["groups_settings"]),
  ];
}

function misspeltKeys(value: unknown, known: readonly string[], path: ConfigPath): readonly MisspeltOption[] {
  return Object.keys(isMapping(value) ? value : {}).flatMap((key) => {
    const meant = known.includes(key) ? undefined : nearest(key, known);
    return meant === undefined ? [] : [{ path: [...path, key], meant }];
  });
}

function valueAt(value: unknown, key: string): unknown {
  return isMapping(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
