import * as z from "zod";
import { secret, text } from "../../config/fields.js";
import { name } from "../name.js";
import { permissionList } from "../permissions.js";

const fields = z.strictObject({
  username: name(150).describe("The name to sign in with, unique among users."),
  email: text(254).default("").describe("The user's e-mail address."),
  first_name: text(150).optional().describe("The user's first name; left as it is when not written here."),
  last_name: text(150).optional().describe("The user's last name; left as it is when not written here."),
  is_active: z
    .boolean()
    .optional()
    .describe("Whether the user may do anything at all; a new user may, an existing one stays as it is."),
  is_staff: z.boolean().default(false).describe("Whether the user may enter the administration pages."),
  is_superuser: z.boolean().default(false).describe("Whether the user has every permission."),
  password: secret({ test: (plain) => plain.length <= 4096, expected: "expected at most 4096 characters" })
    .describe("The first password: set when the user is made, not changed afterwards. Service accounts need none.")
    .meta({ maxLength: 4096 })
    .optional(),
  groups: z
    .array(name(150))
    .default([])
    .describe("The names of the groups that the user is a member of, besides those of a sign-in."),
  permissions: permissionList.default([]).describe("What the user may do, besides what the groups permit."),
});

const user = z.discriminatedUnion("state", [
  fields.extend({ state: z.literal("present").optional().describe("`present`, or `absent` to take the user away.") }),
  fields
    .partial()
    .extend({ username: fields.shape.username, state: z.literal("absent").describe("The user shall not exist.") }),
]);

export const usersSchema = z.strictObject({
  users: z.array(user).describe("People and service accounts."),
});

export type UsersConfig = z.output<typeof usersSchema>;
