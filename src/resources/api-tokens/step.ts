import * as z from "zod";
import { type EntryWriter, unlessEmpty } from "../../config/entry-writer.js";
import { filledText, heldTo, secret, slug, text } from "../../config/fields.js";
import { createStep, type StepDiagnostic } from "../../config/step.js";
import { parseDuration } from "../../duration.js";
import type { ConfigPath } from "../../plan/resource.js";
import { isSecret, type Secret } from "../../secrets/secret.js";
import { checkTokenFormat, tokenWeakness } from "../../secrets/token.js";
import { isEmail, maxUsername } from "../../users/names.js";
import {
  canonicalRanges,
  expectedRate,
  maxRanges,
  parseAddressRange,
  ratePattern,
} from "../../users/token-restrictions.js";
import { apiToken } from "../kinds.js";
import {
  inUtc,
  moment,
  name,
  permissionExamples,
  permissionList,
  permissionNames,
  refusal,
  stateOf,
  warning,
} from "../step-fields.js";

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
  .describe("Generates a value and shows it once.");

const knownDigest = z
  .strictObject({
    sha256: z
      .string()
      .regex(/^[\da-fA-F]{64}$/, { error: "expected a SHA-256: 64 hexadecimal digits" })
      .describe("The SHA-256 of the value, in UTF-8, as 64 hexadecimal digits."),
  })
  .describe("Takes over a token of which only the digest is known: its callers keep their value.");

const maxSeconds = 365 * 86_400;

/** A duration such as `24h`, at most a year. */
const gracePeriod = z
  .string()
  .refine((text) => parseDuration(text) !== undefined, {
    error: "expected a whole number and a unit: `90s`, `30m`, `24h` or `7d`",
  })
  .refine((text) => (parseDuration(text) ?? 0) <= maxSeconds, { error: "expected at most a year, `365d`" });

/** Where a token may be used from. */
const addressRange = z
  .string()
  .refine((text) => parseAddressRange(text).kind === "range", {
    error: ({ input }) => {
      const parsed = parseAddressRange(String(input));
      return parsed.kind === "invalid" ? parsed.expected : "";
    },
  })
  .meta({ pattern: "^[0-9a-fA-F:.]+(?:/[0-9]{1,3})?$" })
  .describe("An IPv4 or IPv6 address, or a network in CIDR notation.");

const fields = z.strictObject({
  identifier: slug(50).describe("The token's name, unique among tokens."),
  token: z
    .union([tokenValue, generatedToken, knownDigest])
    .describe(
      "The value, 1 to 255 printable ASCII characters without spaces, `{generate: true}` to generate one, or `{sha256: HEX}` to take one over by its digest.",
    )
    .meta({ examples: [{ value_from: { env: "OPEN_FORMS_TOKEN" } }, { generate: true }] }),
  contact_person: filledText(200).describe("The person to contact about this token."),
  email: text(254)
    .refine(isEmail, { error: "expected an e-mail address" })
    .meta({ pattern: "^.+@[^@]+$" })
    .describe("The contact person's e-mail address."),
  organization: text(200).default("").describe("The organization that uses the token."),
  application: text(200).default("").describe("The application that uses the token."),
  administration: text(200).default("").describe("The administration that uses the token."),
  description: heldTo("visible", text(1000)).default("").describe("What the token is for."),
  enabled: z.boolean().default(true).describe("Whether the token works. With false, it is rejected until it is true."),
  allowed_ips: z
    .array(addressRange)
    .min(1, { error: "expected at least one address: without `allowed_ips`, the token works from everywhere" })
    .max(maxRanges)
    .optional()
    .describe(
      "The addresses that the token may be used from: IPv4 or IPv6, or networks such as `192.0.2.0/24`. Defaults to all.",
    )
    .meta({ examples: [["192.0.2.0/24", "2001:db8::/32"]] }),
  rate_limit: z
    .string()
    .regex(ratePattern, { error: expectedRate })
    .optional()
    .describe("How many requests the token may make in a second, minute or hour: `100/m`. Defaults to no limit.")
    .meta({ examples: ["100/m"] }),
  user: name(maxUsername)
    .optional()
    .describe("The username that the token acts as. Defaults to a service user named after the identifier."),
  is_superuser: z
    .boolean()
    .optional()
    .describe("Whether the token's service user has every permission. Can't be combined with `user`.")
    .meta({ examples: [false, true] }),
  permissions: permissionList
    .optional()
    .describe("The permissions of the service user. With `user`, limits the token to these of that user's permissions.")
    .meta({ examples: permissionExamples }),
  valid_from: moment
    .optional()
    .describe("When the token starts to work: ISO 8601 with an offset, before `expires_at`. Defaults to at once.")
    .meta({ examples: ["2026-01-01T00:00:00+01:00"] }),
  expires_at: moment
    .optional()
    .describe("When the token expires: ISO 8601 with an offset. Defaults to never.")
    .meta({ examples: ["2099-12-31T23:59:59+01:00"] }),
  grace_period: gracePeriod
    .optional()
    .describe(
      "How long a replaced value keeps working, such as `90s`, `30m`, `24h` or `7d`, at most `365d`. Defaults to `0s`.",
    )
    .meta({ examples: ["24h"] }),
});

const state = stateOf("token");

const present = fields
  .extend({ state: state.present })
  .superRefine(
    (item, context) => {
      if (item.user === undefined || item.is_superuser === undefined) return;
      const message = "`is_superuser` can't be combined with `user`: set it on that user instead";
      context.addIssue({ code: "custom", path: ["is_superuser"], message, input: undefined });
    },
    // Also runs when the item has other mistakes, so that all are reported at once.
    { when: ({ value }) => typeof value === "object" && value !== null },
  )
  .meta({ allOf: [{ not: { required: ["user", "is_superuser"] } }] });

const absent = fields.partial().extend({ identifier: fields.shape.identifier, state: state.absent });

const tokenAuthSchema = z.strictObject({
  items: z.array(z.discriminatedUnion("state", [present, absent])).describe("The API tokens."),
});

/** API tokens, each tied to a user. */
export const tokenAuth = createStep({
  flag: "tokenauth_config_enable",
  namespace: "tokenauth",
  title: "API tokens",
  kinds: [apiToken],
  schema: tokenAuthSchema,
  declare: declareTokens,
  review: reviewTokens,
  writers: [{ kind: apiToken.name, list: "items", write: writeToken }],
});

/** By its digest: nobody has the value. */
function writeToken({ key, attributes }: Parameters<EntryWriter["write"]>[0]) {
  const { token, user, grace_seconds: grace, permissions } = attributes;
  const isService = typeof user !== "string";
  return {
    identifier: key,
    token: { sha256: String(token) },
    contact_person: attributes.contact_person,
    email: attributes.email,
    organization: unlessEmpty(attributes.organization),
    application: unlessEmpty(attributes.application),
    administration: unlessEmpty(attributes.administration),
    description: unlessEmpty(attributes.description),
    enabled: attributes.enabled === false ? false : undefined,
    allowed_ips: attributes.allowed_ips ?? undefined,
    rate_limit: attributes.rate_limit ?? undefined,
    user,
    is_superuser: isService && attributes.is_superuser === true ? true : undefined,
    // Of a user's token, an empty list is not the default.
    permissions: isService ? unlessEmpty(permissions) : permissions,
    valid_from: attributes.valid_from,
    expires_at: attributes.expires_at,
    grace_period: grace ? `${String(grace)}s` : undefined,
  };
}

type TokenAuthConfig = z.output<typeof tokenAuthSchema>;

type PresentToken = Exclude<TokenAuthConfig["items"][number], { state: "absent" }>;

const tokenFields = { generated: ["token"], grace_seconds: ["grace_period"] };

function declareTokens({ items }: TokenAuthConfig) {
  return items.map((item, index) => {
    const path = ["items", index];
    if (item.state === "absent") return apiToken.absent(item.identifier, path);
    return apiToken.resource(item.identifier, attributesOf(item), path, tokenFields);
  });
}

function attributesOf(item: PresentToken) {
  return {
    token: tokenOf(item.token),
    generated: isGenerated(item.token),
    contact_person: item.contact_person,
    email: item.email,
    organization: item.organization,
    application: item.application,
    administration: item.administration,
    description: item.description,
    enabled: item.enabled,
    allowed_ips: item.allowed_ips === undefined ? null : canonicalRanges(item.allowed_ips),
    rate_limit: item.rate_limit ?? null,
    user: item.user ?? null,
    is_superuser: item.is_superuser ?? false,
    permissions: permissionsOf(item),
    valid_from: item.valid_from === undefined ? null : inUtc(item.valid_from),
    expires_at: item.expires_at === undefined ? null : inUtc(item.expires_at),
    grace_seconds: item.grace_period === undefined ? 0 : (parseDuration(item.grace_period) ?? 0),
  };
}

function tokenOf(token: PresentToken["token"]): Secret | string | undefined {
  if (isSecret(token)) return token;
  return "sha256" in token ? token.sha256.toLowerCase() : undefined;
}

/** Undefined where only the digest is known: that says nothing of who made the value. */
function isGenerated(token: PresentToken["token"]): boolean | undefined {
  if (isSecret(token)) return false;
  return "sha256" in token ? undefined : true;
}

/** Null: all of the user's. A service user has only those that are written. */
function permissionsOf({ user, permissions }: PresentToken): readonly string[] | null {
  if (permissions !== undefined) return permissionNames(permissions);
  return user === undefined ? [] : null;
}

function reviewTokens({ items }: TokenAuthConfig, now: Date): readonly StepDiagnostic[] {
  return items.flatMap((item, index) => (item.state === "absent" ? [] : reviewToken(item, ["items", index], now)));
}

function reviewToken(item: PresentToken, path: ConfigPath, now: Date): readonly StepDiagnostic[] {
  const value = isSecret(item.token) ? reviewValue(item.token, [...path, "token"]) : [];
  // Most tokens have neither, and a file may have very many.
  if (item.valid_from === undefined && item.expires_at === undefined) return value;
  return [
    ...value,
    ...reviewStart(item, [...path, "valid_from"]),
    ...reviewExpiry(item.expires_at, now, [...path, "expires_at"]),
  ];
}

function reviewValue(token: Secret, path: ConfigPath): readonly StepDiagnostic[] {
  if (token.reveal().toLowerCase() === "generate") {
    const message = "the token would be that one word, which anyone can guess";
    return [refusal("INVALID_VALUE", path, message, "write `{generate: true}` to generate a value")];
  }
  // Such a value is refused before it is looked up, so it would never work.
  if (checkTokenFormat(token.reveal()) === "mistyped") {
    const message =
      "this looks like a token that vtb-setup generated, but its checksum does not match: it was mistyped or cut off";
    return [
      refusal(
        "INVALID_VALUE",
        path,
        message,
        "copy the value again, or write `{generate: true}` to generate a new one",
      ),
    ];
  }
  const weakness = tokenWeakness(token);
  if (weakness === undefined) return [];
  return [
    warning(
      "WEAK_TOKEN",
      path,
      weakness,
      "write at least 32 random characters, or `{generate: true}` to generate a token",
    ),
  ];
}

function reviewStart(
  { valid_from: start, expires_at: end }: PresentToken,
  path: ConfigPath,
): readonly StepDiagnostic[] {
  if (start === undefined || end === undefined || Date.parse(start) < Date.parse(end)) return [];
  const message = "expected a time before `expires_at`: the token would never work";
  return [refusal("INVALID_VALUE", path, message, "write an earlier time, or a later `expires_at`")];
}

function reviewExpiry(expiresAt: string | undefined, now: Date, path: ConfigPath): readonly StepDiagnostic[] {
  if (expiresAt === undefined || Date.parse(expiresAt) > now.getTime()) return [];
  const hint = "write a later time, or `state: absent` to revoke the token";
  return [warning("EXPIRED", path, "this time is in the past, so the token is rejected", hint)];
}
