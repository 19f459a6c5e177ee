import * as z from "zod";
import { filledText, text } from "../../config/fields.js";
import { nearest } from "../../nearest.js";
import type { ConfigPath } from "../../plan/resource.js";
import { maxGroupPattern } from "../../users/names.js";
import { inOneForm } from "../step-fields.js";

/** The keys that lead to a claim; each is one key, dots do not separate. */
export const claimPath = z.array(z.string());
export const groupNames = z.array(inOneForm(z.string()));

export const claimMappings = z
  .record(z.string(), claimPath.nullable())
  .refine((mappings) => mappings.username === undefined || (mappings.username?.length ?? 0) > 0, {
    path: ["username"],
    error: "expected at least one key: sign-in needs a username",
  });

// Other keys are free, but they are stored as JSON.
const freeValue = z
  .unknown()
  .refine(isPlainJson, { error: "expected text, numbers, true or false, null, lists and mappings" });

/**
 * What the runtime reads of a client's `options`. Null counts as left out where `mozilla-django-oidc-db` accepts it; elsewhere
 * it stops every sign-in there.
 */
export const clientOptions = z
  .object({
    user_settings: z
      .object({
        claim_mappings: claimMappings
          .optional()
          .describe("Maps each field of a user to the path of its claim; `username` identifies the user.")
          .meta({
            examples: [
              {
                username: ["preferred_username"],
                email: ["email"],
                first_name: ["given_name"],
                last_name: ["family_name"],
              },
            ],
          }),
        username_case_sensitive: z
          .boolean()
          .nullish()
          .describe("Whether usernames that differ only in case are different users. Defaults to true.")
          .meta({ examples: [true, false] }),
        allow_unverified_email: z
          .boolean()
          .optional()
          .describe(
            "Dangerous: whether an e-mail address that the provider has not verified may be the username. Defaults to false.",
          )
          .meta({ examples: [false] }),
        sensitive_claims: z
          .array(claimPath)
          .optional()
          .describe("The paths of claims that logs must not show.")
          .meta({ examples: [[["bsn"]]] }),
      })
      .catchall(freeValue)
      .optional()
      .describe("How claims become a user."),
    groups_settings: z
      .object({
        claim_mapping: claimPath
          .nullish()
          .describe("The path to the claim with the user's groups.")
          .meta({ examples: [["groups"], ["realm_access", "roles"]] }),
        separator: filledText(20)
          .optional()
          .describe("The separator between names if the claim is a single text, such as `,`.")
          .meta({ examples: [","] }),
        strip_path: z
          .boolean()
          .optional()
          .describe("Whether a Keycloak path such as `/a/b` means the group `b`. Defaults to false.")
          .meta({ examples: [false, true] }),
        on_overage: z
          .enum(["refuse", "keep"])
          .optional()
          .describe(
            "What to do if a user has more groups than the provider sends: `refuse` the sign-in, or `keep` the last known groups. Defaults to `refuse`.",
          ),
        sync: z
          .boolean()
          .nullish()
          .describe("Whether to create groups that do not exist yet.")
          .meta({ examples: [false, true] }),
        sync_pattern: text(maxGroupPattern)
          .optional()
          .describe("Which groups of the claim count, such as `myapp:*`.")
          .meta({ examples: ["*"] }),
        default_groups: groupNames
          .nullish()
          .describe("Groups that every user who signs in joins.")
          .meta({ examples: [[]] }),
        make_users_staff: z
          .boolean()
          .nullish()
          .describe("Whether every user who signs in becomes staff.")
          .meta({ examples: [false, true] }),
        superuser_group_names: groupNames
          .nullish()
          .describe("The groups whose members are superusers.")
          .meta({ examples: [["beheerders"]] }),
      })
      .catchall(freeValue)
      .optional()
      .describe("How claims become groups, staff and superusers."),
  })
  .catchall(freeValue)
  .superRefine(
    (options, context) => {
      if (Object.hasOwn(options, "accept_at_hash")) {
        const params = { code: "UNKNOWN_FIELD", hint: "move it to the client, beside `options`" };
        const message = "unknown field in `options`";
        context.addIssue({ code: "custom", path: ["accept_at_hash"], message, params, input: undefined });
      }
      for (const { path, meant } of misspeltOptions(options)) {
        const params = { code: "UNKNOWN_FIELD", hint: `did you mean \`${meant}\`?` };
        const message = "unknown field";
        context.addIssue({ code: "custom", path: [...path], message, params, input: undefined });
      }
    },
    // Also runs beside other mistakes, so that all are reported at once.
    { when: ({ value }) => typeof value === "object" && value !== null },
  );

export type ClientOptions = z.output<typeof clientOptions>;

function isPlainJson(value: unknown): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value);
    case "object":
      if (value === null) return true;
      if (Array.isArray(value)) return value.every(isPlainJson);
      return isPlainObject(value) && Object.values(value).every(isPlainJson);
    default:
      return false;
  }
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A key of `options` that is close to one that the runtime reads. */
interface MisspeltOption {
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

/** Free keys within two edits of a known one at the same path; wrong types are another check's. */
function misspeltOptions(options: unknown): readonly MisspeltOption[] {
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
