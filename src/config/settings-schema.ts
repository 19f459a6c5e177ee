import * as z from "zod";
import { invisibleIn } from "../characters.js";
import { formatDuration, parseDuration } from "../duration.js";
import { diagnosticCodes, isCode, whyNotAllowable } from "../errors.js";
import { nearestField } from "../nearest.js";
import { findPlaceholder } from "../secrets/placeholder.js";
import { catalogueNamePattern, maxPermission, maxPermissionDescription } from "../users/names.js";
import { filledText, lazily, text } from "./fields.js";

/** The root key that holds what concerns the run. */
export const settingsKey = "vtb_setup";

/** The format of configuration files that this version reads. */
export const knownFormat = 1;

/** The owner of what files declare that name none, where no option does either. */
export const defaultOwner = "default";

/** What is wrong with an owner's name, since nobody could tell it from another one; undefined for a good name. */
export function ownerMistake(owner: string): string | undefined {
  if (owner.trim() === "") return "is empty";
  if (invisibleIn(owner) !== undefined) return `contains ${invisibleIn(owner)}`;
  if (owner !== owner.trim()) return "has whitespace around it";
  if (/^(["']).*\1$/.test(owner)) return "has quotes around it";
  return findPlaceholder(owner, false) === undefined ? undefined : "is an unreplaced placeholder";
}

function ownerSchema() {
  const ownerName = text(255).refine((owner) => ownerMistake(owner) === undefined, {
    error: ({ input }) => `the owner ${ownerMistake(String(input))}`,
    params: { hint: "write a name such as shop" },
  });
  const named = z
    .strictObject({
      name: ownerName.describe("The owner's name."),
      formerly: ownerName.optional().describe("The owner whose entries this one takes over."),
    })
    .refine(({ name, formerly }) => name !== formerly, {
      path: ["formerly"],
      error: "expected another owner than the one that takes over",
    });
  return z.union([ownerName, named]);
}

function policySchema() {
  const duration = z
    .string()
    .refine((text) => (parseDuration(text) ?? 0) > 0, {
      error: "expected a whole number above zero and a unit: `90s`, `30m`, `24h` or `7d`",
    })
    .refine((text) => (parseDuration(text) ?? 0) <= 20_000 * 86_400, {
      error: "expected at most `20000d`",
    });
  return z.strictObject({
    require_expiry: z
      .boolean()
      .optional()
      .describe("Whether each token must have an `expires_at`.")
      .meta({ examples: [true, false] }),
    max_lifetime: duration
      .optional()
      .describe("How long a token's value works, from when the token got it, such as `365d`.")
      .meta({ examples: ["365d"] }),
    warn_before: duration
      .optional()
      .describe("How long before a token expires to warn of it; `30d` if left out.")
      .meta({ examples: ["30d"] }),
    unused_after: duration
      .optional()
      .describe("After how long without use a token stops working, such as `90d`.")
      .meta({ examples: ["90d"] }),
  });
}

function codeSchema() {
  const codes = Object.keys(diagnosticCodes);
  return z
    .string()
    .superRefine((text, context) => {
      if (codes.includes(text)) return;
      const near = nearestField(text, codes);
      const hint = near === undefined ? "docs/diagnostics.md lists all codes" : `did you mean ${near}?`;
      context.addIssue({ code: "custom", message: "expected a diagnostic code", params: { hint } });
    })
    .meta({ enum: codes, title: "diagnostic code" });
}

/** A permission, or a pattern of permissions. */
export const permissionInCatalogue = lazily(() =>
  z.string().max(maxPermission).regex(catalogueNamePattern, {
    error:
      "expected a permission such as `taken.view_externetaak`, or with a `*` for one of its parts, such as `objecttype.*.read_only`",
  }),
);

/** A permission that exists, and what it is for. */
export const describedPermission = lazily(() =>
  z.strictObject({
    name: permissionInCatalogue().describe("The permission's name; a `*` stands for one part between dots."),
    description: text(maxPermissionDescription).optional().describe("What it allows."),
  }),
);

/** The content of {@link settingsKey}. A file says it as it is: nothing in it comes from the environment. */
export const settingsSchema = lazily(() => {
  const catalogueFile = filledText(4096);
  const code = codeSchema();
  const allowableCode = code.superRefine((text, context) => {
    const why = isCode(text) ? whyNotAllowable(text) : undefined;
    if (why === undefined) return;
    context.addIssue({ code: "custom", message: `${text} can't be allowed: ${why}`, params: { hint: "remove it" } });
  });
  return z
    .strictObject({
      format: z.literal(knownFormat).optional().describe("The format of the file; 1, which is the only one so far."),
      owner: ownerSchema()
        .optional()
        .describe("Who manages what this file declares; `default` without it.")
        .meta({ examples: ["gemeente"] }),
      policy: policySchema().optional().describe("What tokens must comply with."),
      permissions: z
        .array(z.union([permissionInCatalogue(), describedPermission()]))
        .optional()
        .describe("The permissions that exist: any other one in the files is an error.")
        .meta({
          examples: [["taken.view_externetaak", { name: "objecttype.*.read_only", description: "Read one type." }]],
        }),
      catalogue: z
        .union([catalogueFile, z.array(catalogueFile).min(1)])
        .optional()
        .describe("The JSON file, or files, of an API that list the permissions that exist."),
      allow: z
        .array(allowableCode)
        .optional()
        .describe("The codes of guards and warnings that this file accepts.")
        .meta({ examples: [["UNKNOWN_ROOT_KEY"]] }),
      deny: z
        .array(code)
        .optional()
        .describe("The codes of warnings and notes that refuse the run.")
        .meta({ examples: [["WEAK_TOKEN"]] }),
    })
    .describe("What concerns the run: no flag turns it on, and nothing in it comes from the environment.");
});

/** What a file's tokens must comply with; what it leaves out is undefined. */
export interface Policy {
  readonly requireExpiry?: boolean | undefined;
  readonly maxLifetimeSeconds?: number | undefined;
  readonly warnBeforeSeconds?: number | undefined;
  readonly unusedAfterSeconds?: number | undefined;
}

/** A policy as a file says it. */
export function writePolicy({ requireExpiry, ...durations }: Policy): Readonly<Record<string, boolean | string>> {
  const { maxLifetimeSeconds, warnBeforeSeconds, unusedAfterSeconds } = durations;
  const written = (name: string, seconds: number | undefined) =>
    seconds === undefined ? {} : { [name]: formatDuration(seconds) };
  return {
    ...(requireExpiry && { require_expiry: true }),
    ...written("max_lifetime", maxLifetimeSeconds),
    ...written("warn_before", warnBeforeSeconds),
    ...written("unused_after", unusedAfterSeconds),
  };
}
