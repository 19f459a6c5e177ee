import * as z from "zod";
import { type EntryWriter, unlessEmpty } from "../../config/entry-writer.js";
import { filledText, heldTo, secret, slug, text } from "../../config/fields.js";
import { createStep, type StepDiagnostic } from "../../config/step.js";
import type { ConfigPath } from "../../plan/resource.js";
import { isExamplePassword } from "../../secrets/placeholder.js";
import { isSecret, type Secret } from "../../secrets/secret.js";
import { isEmail, maxGroupName, maxPersonName, maxUsername } from "../../users/names.js";
import { user } from "../kinds.js";
import {
  inUtc,
  moment,
  name,
  permissionExamples,
  permissionList,
  permissionNames,
  refusal,
  sortedUnique,
  stateOf,
  warning,
} from "../step-fields.js";

const signIn = z.strictObject({
  provider: slug(255).describe("The identifier of the provider."),
  subject: heldTo("ascii", filledText(255))
    .optional()
    .describe("The user's `sub` at the provider. Defaults to the person who has the username there."),
});

const endingMembership = z.strictObject({
  name: name(maxGroupName).describe("The group's name."),
  until: moment.describe("When the membership ends: ISO 8601 with an offset. From that second on, it does not count."),
});

const fields = z.strictObject({
  username: name(maxUsername).describe("The name to sign in with, unique among users."),
  email: text(254).default("").describe("The user's e-mail address."),
  first_name: text(maxPersonName).optional().describe("The user's first name. Unchanged if not set."),
  last_name: text(maxPersonName).optional().describe("The user's last name. Unchanged if not set."),
  is_active: z
    .boolean()
    .optional()
    .describe(
      "Whether the user may sign in and use tokens. Defaults to true for a new user, and to no change for an existing one.",
    )
    .meta({ examples: [true, false] }),
  is_staff: z.boolean().default(false).describe("Whether the user may use the administration pages."),
  is_superuser: z.boolean().default(false).describe("Whether the user has every permission."),
  password: heldTo(
    "typed",
    secret({ test: (plain) => plain.length <= 4096, expected: "expected at most 4096 characters" }),
  )
    .describe(
      "The initial password: set when the user is created, and not changed afterwards. Service accounts need none.",
    )
    .meta({ maxLength: 4096, examples: [{ value_from: { env: "INITIAL_PASSWORD" } }] })
    .optional(),
  sign_in: signIn
    .optional()
    .describe(
      "The person at a provider who may sign in as this user; required for that if the user is a superuser or staff.",
    ),
  groups: z
    .array(z.union([name(maxGroupName), endingMembership]))
    .default([])
    .describe(
      "The names of the user's groups, in addition to those of a sign-in; `{name, until}` for a membership that ends.",
    )
    .meta({ examples: [["behandelaars", { name: "raadplegers", until: "2099-12-31T23:59:59+01:00" }]] }),
  permissions: permissionList
    .default([])
    .describe("The user's permissions, in addition to those of the groups.")
    .meta({ examples: permissionExamples }),
});

const superuserOnly = { is_superuser: { const: true, description: "A superuser." } };

const state = stateOf("user");

const present = fields
  .extend({ state: state.present })
  .superRefine(
    (item, context) => {
      // The item may have any other mistake.
      const hasPassword = isSecret(item.password) && item.password.reveal() !== "";
      if (!item.sign_in || item.is_superuser !== true || !hasPassword) return;
      const message =
        "`sign_in` can't be combined with a superuser's `password`: an emergency account never signs in through a provider";
      context.addIssue({ code: "custom", path: ["sign_in"], message, input: undefined });
    },
    // Also runs when the item has other mistakes, so that all are reported at once.
    { when: ({ value }) => typeof value === "object" && value !== null },
  )
  .meta({ allOf: [{ not: { required: ["sign_in", "password", "is_superuser"], properties: superuserOnly } }] });

const item = z.discriminatedUnion("state", [
  present,
  fields.partial().extend({ username: fields.shape.username, state: state.absent }),
]);

const usersSchema = z.strictObject({
  users: z.array(item).describe("People and service accounts."),
});

/** Users, with their groups and permissions. */
export const users = createStep({
  flag: "default_user_configuration_enable",
  namespace: "default_user_configuration_config",
  title: "Users",
  kinds: [user],
  schema: usersSchema,
  declare: declareUsers,
  review: reviewUsers,
  writers: [{ kind: user.name, list: "users", write: writeUser }],
});

/** Without the password, of which the database has only a hash. */
function writeUser({ key, attributes }: Parameters<EntryWriter["write"]>[0]) {
  const { sign_in_provider: provider, sign_in_subject: subject } = attributes;
  return {
    username: key,
    email: unlessEmpty(attributes.email),
    first_name: unlessEmpty(attributes.first_name),
    last_name: unlessEmpty(attributes.last_name),
    is_active: attributes.is_active === false ? false : undefined,
    is_staff: attributes.is_staff === true ? true : undefined,
    is_superuser: attributes.is_superuser === true ? true : undefined,
    sign_in: typeof provider === "string" ? { provider, ...(typeof subject === "string" && { subject }) } : undefined,
    groups: unlessEmpty(writeGroups(attributes)),
    permissions: unlessEmpty(attributes.permissions),
  };
}

function writeGroups({ groups, groups_until: ends }: Parameters<EntryWriter["write"]>[0]["attributes"]) {
  const untilOf = (ends ?? {}) as Readonly<Record<string, string>>;
  return ((groups ?? []) as readonly string[]).map((name) => {
    const until = Object.hasOwn(untilOf, name) ? untilOf[name] : undefined;
    return until === undefined ? name : { name, until };
  });
}

type UsersConfig = z.output<typeof usersSchema>;

const signInFields = { sign_in_provider: ["sign_in", "provider"], sign_in_subject: ["sign_in", "subject"] };

type PresentUser = Exclude<UsersConfig["users"][number], { state: "absent" }>;

function declareUsers({ users }: UsersConfig) {
  return users.map((item, index) => {
    const path = ["users", index];
    if (item.state === "absent") return user.absent(item.username, path);
    const { provider = null, subject = null } = item.sign_in ?? {};
    const attributes = {
      email: item.email,
      first_name: item.first_name,
      last_name: item.last_name,
      is_active: item.is_active,
      is_staff: item.is_staff,
      is_superuser: item.is_superuser,
      // With the hash of an empty password, an empty field would be accepted as the password.
      password: item.password?.reveal() ? item.password : undefined,
      sign_in_provider: provider,
      sign_in_subject: subject,
      // A field that is not written releases no existing link.
      sign_in: provider === null ? undefined : { provider, subject },
      groups: sortedUnique(item.groups.map(groupOf)),
      groups_until: Object.fromEntries(
        item.groups.flatMap((entry) => (typeof entry === "string" ? [] : [[entry.name, inUtc(entry.until)]])),
      ),
      permissions: permissionNames(item.permissions),
    };
    return user.resource(item.username, attributes, path, signInFields);
  });
}

type Membership = PresentUser["groups"][number];

function groupOf(membership: Membership): string {
  return typeof membership === "string" ? membership : membership.name;
}

function reviewUsers({ users }: UsersConfig, now: Date): readonly StepDiagnostic[] {
  return users.flatMap((user, index) => {
    if (user.state === "absent") return [];
    return [
      ...reviewEmail(user.email, ["users", index, "email"]),
      ...reviewPassword(user.password, ["users", index, "password"]),
      ...reviewMemberships(user.groups, now, ["users", index, "groups"]),
    ];
  });
}

/** A group that is named twice without an end is in the list once, and always was. */
function reviewMemberships(groups: readonly Membership[], now: Date, path: ConfigPath): readonly StepDiagnostic[] {
  const ending = new Set(groups.filter((entry) => typeof entry !== "string").map(groupOf));
  const seen = new Set<string>();
  return groups.flatMap((entry, index): readonly StepDiagnostic[] => {
    const own = groupOf(entry);
    const isDuplicate = seen.has(own) && ending.has(own);
    seen.add(own);
    if (isDuplicate) {
      const message = "this user has the group already, so it is not clear when the membership ends";
      return [refusal("DUPLICATE_RESOURCE", [...path, index], message, "remove one of the two")];
    }
    if (typeof entry === "string" || Date.parse(entry.until) > now.getTime()) return [];
    const message = "this time is in the past, so the membership does not count";
    return [warning("EXPIRED", [...path, index, "until"], message, "write a later time, or remove the group")];
  });
}

/** Only a warning: `django-setup-configuration` accepts any text, and files with such a text must keep working. */
function reviewEmail(email: string, path: ConfigPath): readonly StepDiagnostic[] {
  if (email === "" || isEmail(email)) return [];
  return [
    warning(
      "INVALID_VALUE",
      path,
      "this is not an e-mail address",
      "write one such as `name@example.nl`, or remove the field",
    ),
  ];
}

function reviewPassword(password: Secret | undefined, path: ConfigPath): readonly StepDiagnostic[] {
  const plain = password?.reveal();
  if (plain === undefined) return [];
  if (plain === "") {
    const hint = "write a password, or remove the field for an account without one";
    return [warning("IGNORED_FIELD", path, "the password is empty, so the user can't sign in with it", hint)];
  }
  if (!isExamplePassword(plain)) return [];
  const hint = "write one that nobody can guess; if the user already exists, change it there as well";
  return [warning("WEAK_PASSWORD", path, "this password is a well-known example", hint)];
}
