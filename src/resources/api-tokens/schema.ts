import * as z from "zod";
import { filledText, heldTo, secret, slug, text } from "../../config/fields.js";
import { isEmail, longestUsername } from "../../users/names.js";
import { permissionList } from "../permissions.js";
import { name } from "../step-fields.js";
import { expiry } from "./expiry.js";
import { gracePeriod } from "./grace-period.js";

const tokenValue = heldTo(
  "visible",
  secret({
    test: (plain) => /^[!-~]{1,255}$/.test(plain),
    expected: "expected 1 to 255 printable ASCII characters without spaces",
  }),
)
  .describe("What a caller sends after `Token `; only its digest is stored.")
  .meta({ pattern: "^[!-~]{1,255}$" });

const generatedToken = z
  .strictObject({ generate: z.literal(true).describe("Always true.") })
  .describe("Have a value made and shown once.");

const fields = z.strictObject({
  identifier: slug(50).describe("The token's own name, unique among tokens."),
  token: z
    .union([tokenValue, generatedToken])
    .describe("The value, 1 to 255 printable ASCII characters without spaces, or `{generate: true}` to have one made."),
  contact_person: filledText(200).describe("Who to ask about this token."),
  email: text(254)
    .refine(isEmail, { error: "expected an e-mail address" })
    .meta({ pattern: "^.+@[^@]+$" })
    .describe("The contact person's e-mail address."),
  organization: text(200).default("").describe("The organization that uses the token."),
  application: text(200).default("").describe("The application that uses the token."),
  administration: text(200).default("").describe("The administration that uses the token."),
  user: name(longestUsername)
    .optional()
    .describe("The username that the token acts as; without it, a service user named after the identifier is made."),
  is_superuser: z
    .boolean()
    .optional()
    .describe("Whether the token's service user has every permission; not to be used together with `user`."),
  permissions: permissionList
    .optional()
    .describe(
      "What the service user may do; with `user`, the only ones of that user's permissions that the token has.",
    ),
  expires_at: expiry
    .optional()
    .describe("When the token stops working: ISO 8601 with an offset. Without it, it never does."),
  grace_period: gracePeriod
    .optional()
    .describe(
      "How long a replaced value keeps working, such as `90s`, `30m`, `24h` or `7d`, at most `365d`; without it, not at all.",
    ),
});

const present = fields
  .extend({ state: z.literal("present").optional().describe("`present`, or `absent` to revoke the token.") })
  .superRefine(
    (item, context) => {
      if (item.user === undefined || item.is_superuser === undefined) return;
      const message = "expected no `is_superuser` beside `user`: write it at that user instead";
      context.addIssue({ code: "custom", path: ["is_superuser"], message, input: undefined });
    },
    // Also beside other mistakes in the item, so that all of them are reported at once.
    { when: ({ value }) => typeof value === "object" && value !== null },
  )
  .meta({ allOf: [{ not: { required: ["user", "is_superuser"] } }] });

const absent = fields
  .partial()
  .extend({ identifier: fields.shape.identifier, state: z.literal("absent").describe("The token shall not exist.") });

export const tokenAuthSchema = z.strictObject({
  items: z.array(z.discriminatedUnion("state", [present, absent])).describe("The API tokens."),
});

export type TokenAuthConfig = z.output<typeof tokenAuthSchema>;
