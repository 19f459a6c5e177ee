import * as z from "zod";
import { filledText, heldTo, secret, slug, text } from "../../config/fields.js";
import { isSecret } from "../../secrets/secret.js";
import { longestGroupName, longestPersonName, longestUsername } from "../../users/names.js";
import { permissionList } from "../permissions.js";
import { name } from "../step-fields.js";

const signIn = z.strictObject({
  provider: slug(255).describe("The identifier of the provider."),
  subject: heldTo("ascii", filledText(255))
    .optional()
    .describe("The `sub` that the provider gives this person; without it, whoever has the username there."),
});

const fields = z.strictObject({
  username: name(longestUsername).describe("The name to sign in with, unique among users."),
  email: text(254).default("").describe("The user's e-mail address."),
  first_name: text(longestPersonName)
    .optional()
    .describe("The user's first name; left as it is when not written here."),
  last_name: text(longestPersonName).optional().describe("The user's last name; left as it is when not written here."),
  is_active: z
    .boolean()
    .optional()
    .describe("Whether the user may do anything at all; a new user may, an existing one stays as it is."),
  is_staff: z.boolean().default(false).describe("Whether the user may enter the administration pages."),
  is_superuser: z.boolean().default(false).describe("Whether the user has every permission."),
  password: heldTo(
    "typed",
    secret({ test: (plain) => plain.length <= 4096, expected: "expected at most 4096 characters" }),
  )
    .describe("The first password: set when the user is made, not changed afterwards. Service accounts need none.")
    .meta({ maxLength: 4096 })
    .optional(),
  sign_in: signIn
    .optional()
    .describe("Who may become this user by signing in at a provider; a superuser or staff account needs it for that."),
  groups: z
    .array(name(longestGroupName))
    .default([])
    .describe("The names of the groups that the user is a member of, besides those of a sign-in."),
  permissions: permissionList.default([]).describe("What the user may do, besides what the groups permit."),
});

const superuserOnly = { is_superuser: { const: true, description: "A superuser." } };

const present = fields
  .extend({ state: z.literal("present").optional().describe("`present`, or `absent` to take the user away.") })
  .superRefine(
    (item, context) => {
      // The item may be wrong in any other way.
      const hasPassword = isSecret(item.password) && item.password.reveal() !== "";
      if (!item.sign_in || item.is_superuser !== true || !hasPassword) return;
      const message =
        "expected no `sign_in` beside a superuser's `password`: an account for emergencies is never a provider's";
      context.addIssue({ code: "custom", path: ["sign_in"], message, input: undefined });
    },
    // Also beside other mistakes in the item, so that all of them are reported at once.
    { when: ({ value }) => typeof value === "object" && value !== null },
  )
  .meta({ allOf: [{ not: { required: ["sign_in", "password", "is_superuser"], properties: superuserOnly } }] });

const user = z.discriminatedUnion("state", [
  present,
  fields
    .partial()
    .extend({ username: fields.shape.username, state: z.literal("absent").describe("The user shall not exist.") }),
]);

export const usersSchema = z.strictObject({
  users: z.array(user).describe("People and service accounts."),
});

export type UsersConfig = z.output<typeof usersSchema>;
