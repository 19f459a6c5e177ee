import * as z from "zod";
import { filledText } from "../config/fields.js";
import type { StepDiagnostic } from "../config/step.js";
import type { DiagnosticCode } from "../errors.js";
import type { ConfigPath } from "../plan/resource.js";
import { maxPermission, objectTypePermission, permissionPattern, unsafeNameReason } from "../users/names.js";

const expected = {
  control: "expected a name without control characters",
  invisible: "expected a name without invisible characters",
  blanks: "expected a name without leading or trailing whitespace",
  composition: "expected a name with composed letters (NFC): an accent and its letter are one character",
} as const;

/** A name for people: 1 to `max` characters, in the only form with that appearance. */
export function name(max: number): z.ZodString {
  return inOneForm(filledText(max));
}

/** Refuses names that look like another one but are stored separately. */
export function inOneForm(text: z.ZodString): z.ZodString {
  return text.refine((value) => unsafeNameReason(value) === undefined, {
    error: ({ input }) => expected[unsafeNameReason(String(input)) ?? "invisible"],
  });
}

/** The two values of an entry's `state`; `what` is what an entry declares, such as `group`. */
export function stateOf(what: string) {
  return {
    present: z.literal("present").optional().describe(`\`present\`, or \`absent\` to delete the ${what}.`),
    absent: z.literal("absent").describe(`Deletes the ${what}.`),
  };
}

const permission = z
  .string()
  .max(maxPermission)
  .regex(permissionPattern, {
    error:
      "expected a permission such as `taken.view_externetaak`: names of letters, digits, `_` and `-`, with dots between them",
  })
  .describe("A permission's name, such as `taken.view_externetaak`.");

// Without the flag that ignores case, which a JSON Schema's pattern can't have.
const hex = "[0-9a-fA-F]";
const urn = "[uU][rR][nN]:[uU][uU][iI][dD]:";
const hyphenated = `${hex}{8}-${hex}{4}-4${hex}{3}-${hex}{4}-${hex}{12}`;
const uuid4 = new RegExp(`^(?:${hyphenated}|\\{${hyphenated}\\}|${urn}${hyphenated}|${hex}{12}4${hex}{19})$`);

export const permissionOfObjectType = z
  .strictObject({
    object_type: z
      .string()
      .regex(uuid4, { error: "expected a UUID of version 4" })
      .describe("The object type's UUID, in any common notation."),
    mode: z.enum(["read_only", "read_and_write"]).describe("The access to objects of this type."),
    use_fields: z
      .boolean()
      // True limits the permission to some of an object's fields, so ignoring it would grant more than is written.
      .refine((limited) => !limited, {
        error: "unknown field `use_fields`, which limits a permission to some fields of an object",
        params: { code: "UNKNOWN_FIELD", hint: "grant a permission on all fields, or none on this object type" },
      })
      .optional()
      .describe("Only false, which Objects API 3 writes if all fields are visible.")
      .meta({ const: false, deprecated: true }),
  })
  .describe("A permission on one object type, as the Objects API writes it.");

/** Permissions by name, or as the Objects API writes them. */
export const permissionList = z.array(z.union([permission, permissionOfObjectType]));

/** What editors and `vtb-setup example` show of permissions. */
export const permissionExamples = [
  ["taken.view_externetaak", { object_type: "3b3e5f9c-6a1f-4c8e-9d4b-0c6f1c7a2e55", mode: "read_only" }],
];

/** The permissions' names, without duplicates, sorted. An object type's becomes `objecttype.UUID.mode`. */
export function permissionNames(permissions: z.output<typeof permissionList>): readonly string[] {
  const names = permissions.map((entry) =>
    typeof entry === "string" ? entry : objectTypePermission(entry.object_type, entry.mode),
  );
  return sortedUnique(names);
}

/** The texts without duplicates, in an order that does not depend on the machine's language. */
export function sortedUnique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}

const formats = [z.iso.datetime({ offset: true }), z.iso.datetime({ offset: true, precision: -1 })];

/** A moment in ISO 8601 with an offset; seconds may be left out. */
export const moment = z.string().refine((text) => formats.some((format) => format.safeParse(text).success), {
  error: "expected a date and time with offset, such as `2030-01-31T12:00:00+01:00`",
});

/** A {@link moment} as the database has it. */
export function inUtc(moment: string): string {
  return new Date(moment).toISOString();
}

/** The operator should look at it, but the configuration works. */
export function warning(code: DiagnosticCode, path: ConfigPath, message: string, hint: string): StepDiagnostic {
  return { severity: "warning", code, path, message, hint };
}

/** It must be fixed first. */
export function refusal(code: DiagnosticCode, path: ConfigPath, message: string, hint: string): StepDiagnostic {
  return { severity: "error", code, path, message, hint };
}
