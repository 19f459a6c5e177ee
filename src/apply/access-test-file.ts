import * as z from "zod";
import { type Catalogue, fitsPattern, unknownPermission } from "../config/catalogue.js";
import { filledText } from "../config/fields.js";
import { createShapeReader } from "../config/schema-shape.js";
import { permissionInCatalogue } from "../config/settings-schema.js";
import { Visibility } from "../config/visibility.js";
import { validateWhole } from "../config/whole-document.js";
import { type Diagnostic, SetupError } from "../errors.js";
import { moment, permissionList, permissionNames, permissionOfObjectType } from "../resources/step-fields.js";
import { hideScalars, quoteSource } from "../yaml/excerpt.js";
import { type Document, findNode, type Range, type RawDiagnostic } from "../yaml/node.js";
import { readDocuments } from "../yaml/read.js";

const day = /^\d{4}-\d\d-\d\d$/;

const at = z.string().refine((text) => (day.test(text) ? z.iso.date() : moment).safeParse(text).success, {
  error: "expected a day, such as `2030-01-31`, or a date and time with offset, such as `2030-01-31T12:00:00+01:00`",
});

const principals = ["user", "token", "client"] as const;
const expectations = ["may", "may_not", "is_superuser", "is_staff", "is_accepted"] as const;

const accessTest = z
  .strictObject({
    name: filledText(200).optional().describe("What the test is for. Defaults to its principal."),
    user: filledText(255).optional().describe("The username of the user that it is about."),
    token: filledText(255).optional().describe("The identifier of the API token that it is about."),
    client: filledText(255)
      .optional()
      .describe("The identifier of the OpenID client through which a person with `claims` comes."),
    claims: z
      .record(z.string(), z.unknown())
      .optional()
      .describe("What the provider says of the person, such as `{sub: x, groups: [beheerders]}`."),
    may: permissionList.optional().describe("The permissions that the principal must have."),
    may_not: z
      .array(z.union([permissionInCatalogue(), permissionOfObjectType]))
      .optional()
      .describe("The permissions that it must not have; a `*` stands for one part between dots."),
    only: z.literal(true).optional().describe("It must have no permissions but those in `may`."),
    is_superuser: z.boolean().optional().describe("Whether it must be a superuser, who may do everything."),
    is_staff: z.boolean().optional().describe("Whether it must be allowed to use the administration pages."),
    is_accepted: z
      .boolean()
      .optional()
      .describe("Whether the token works, or the user may sign in and use tokens. With false, it must be rejected."),
    at: at
      .optional()
      .describe("The time of the test: a day, which begins at 00:00 UTC, or a time with offset. Defaults to now."),
  })
  .superRefine(
    (test, context) => {
      const refuse = (message: string, path: readonly string[] = []) =>
        context.addIssue({ code: "custom", message, path: [...path], input: undefined });
      const named = principals.filter((name) => test[name] !== undefined);
      const [, second] = named;
      if (named.length === 0) refuse("a test needs one principal: `user`, `token`, or `client` with `claims`");
      if (second !== undefined) refuse("a test is about one principal: make a test for each", [second]);
      if (test.client !== undefined && test.claims === undefined) {
        refuse("`client` needs `claims`: what the provider says of the person");
      }
      if (test.claims !== undefined && test.client === undefined) refuse("`claims` needs a `client`", ["claims"]);
      if (expectations.every((name) => test[name] === undefined)) {
        refuse(`a test must expect something: write ${expectations.map((name) => `\`${name}\``).join(", ")}`);
      }
      if (test.only && test.may === undefined) refuse("`only` needs `may`, which can be `[]`", ["only"]);
    },
    // Also runs when the test has other mistakes, so that all are reported at once.
    { when: ({ value }) => typeof value === "object" && value !== null },
  )
  .meta({
    // What is written as alternatives is merged into one, so these are what can't be denied.
    allOf: [
      { not: { not: { oneOf: [{ required: ["user"] }, { required: ["token"] }, { required: ["client"] }] } } },
      { not: { not: { anyOf: expectations.map((name) => ({ required: [name] })) } } },
    ],
    dependencies: { only: ["may"], claims: ["client"], client: ["claims"] },
  });

/** The content of a file with access tests. */
export const accessTestSchema = z
  .strictObject({
    at: at.optional().describe("The time of the tests that have none of their own."),
    tests: z.array(accessTest).meta({ minItems: 1 }).describe("Each says what one principal may do, and what not."),
  })
  .describe("What principals may do and must not, for `vtb-setup test`.");

type Written = z.output<typeof accessTest>;

/** Whom a test is about, by the name in its file. */
export type TestedPrincipal =
  | { readonly kind: "user" | "token"; readonly name: string }
  | { readonly kind: "client"; readonly name: string; readonly claims: Readonly<Record<string, unknown>> };

/** One test, as its file has it. */
export interface AccessTest {
  /** That of its principal where its file has none. */
  readonly name: string;
  readonly isNamed: boolean;
  readonly principal: TestedPrincipal;
  readonly may: readonly string[];
  /** Permissions and patterns of them. */
  readonly mayNot: readonly string[];
  /** Nothing but `may`. */
  readonly only: boolean;
  readonly isSuperuser: boolean | undefined;
  readonly isStaff: boolean | undefined;
  readonly isAccepted: boolean | undefined;
  /** In milliseconds since the epoch; undefined for now. */
  readonly atMs: number | undefined;
  readonly file: string;
  readonly range: Range;
  /** Of a field or of one permission in it. */
  readonly rangeOf: (field: string, permission?: string) => Range;
  /** Where it stands in its file, such as `tests.0`. */
  readonly path: string;
}

/** The tests of some files, and how to show what is wrong in them. */
export interface AccessTestFiles {
  readonly tests: readonly AccessTest[];
  /** Adds source lines, without claims. */
  readonly quote: (diagnostics: readonly RawDiagnostic[]) => readonly Diagnostic[];
}

/**
 * Reads files with access tests, folders of them, and `-` for standard input.
 *
 * @throws SetupError (invalid) with everything that is wrong in them
 */
export async function readAccessTests(
  paths: readonly string[],
  stdin: () => Promise<Buffer>,
): Promise<AccessTestFiles> {
  const { documents, sources, diagnostics: read } = await readDocuments(paths, stdin);
  const files = documents.map(readFile);
  const shown = new Visibility(createShapeReader());
  for (const { addVisible } of files) addVisible(shown);
  const quotable = hideScalars(sources, shown.secretKeys);
  const quote = (found: readonly RawDiagnostic[]) => quoteSource(found, quotable, shown);
  const diagnostics = [...read, ...files.flatMap((file) => file.diagnostics)];
  if (diagnostics.length > 0) throw new SetupError("invalid", quote(diagnostics));
  return { tests: files.flatMap((file) => file.tests), quote };
}

interface ReadFile {
  readonly tests: readonly AccessTest[];
  readonly diagnostics: readonly RawDiagnostic[];
  readonly addVisible: (visibility: Visibility) => void;
}

function readFile(document: Document): ReadFile {
  const nothing = { tests: [], addVisible: () => {} };
  if (document.root === undefined) return { ...nothing, diagnostics: [emptyFile(document.file)] };
  const { config, diagnostics, addVisible } = validateWhole(accessTestSchema, document.root);
  if (config === undefined) {
    return { tests: [], diagnostics: explainConfiguration(document, diagnostics), addVisible };
  }
  if (config.tests.length === 0) return { ...nothing, diagnostics: [emptyFile(document.file)] };
  const tests = config.tests.map((test, index) => toTest(document, test, index, config.at));
  return { tests, diagnostics: [...diagnostics, ...tests.flatMap(contradictions)], addVisible };
}

function emptyFile(file: string): RawDiagnostic {
  const message = `the file ${file} has no tests`;
  return { severity: "error", code: "MISSING_FIELD", message, hint: "write them under `tests:`" };
}

/** Configuration files after `--tests` are taken for tests. */
function explainConfiguration({ root }: Document, diagnostics: readonly RawDiagnostic[]): readonly RawDiagnostic[] {
  const keys = [...(root?.entries.keys() ?? [])];
  const isConfiguration = !keys.includes("tests") && keys.some((key) => key === "vtb_setup" || key.endsWith("_enable"));
  if (!isConfiguration) return diagnostics;
  const message = "this is a configuration and no file with access tests";
  const hint = "name configuration files before --tests";
  return [{ severity: "error", code: "INVALID_VALUE", message, hint, range: root?.range }];
}

function toTest(document: Document, written: Written, index: number, ofFile: string | undefined): AccessTest {
  const path = ["tests", index];
  const nodeAt = (more: readonly (string | number)[]) =>
    findNode(document.root ?? missingRoot(), [...path, ...more]).node;
  const principal = principalOf(written);
  const mayNot = written.may_not ?? [];
  const names = {
    may: (written.may ?? []).map(oneName),
    may_not: mayNot.map(oneName),
  };
  const time = written.at ?? ofFile;
  return {
    name: written.name ?? `${principal.kind} ${principal.name}`,
    isNamed: written.name !== undefined,
    principal,
    may: [...new Set(names.may)],
    mayNot: [...new Set(names.may_not)],
    only: written.only === true,
    isSuperuser: written.is_superuser,
    isStaff: written.is_staff,
    isAccepted: written.is_accepted,
    atMs: time === undefined ? undefined : Date.parse(day.test(time) ? `${time}T00:00:00Z` : time),
    file: document.file,
    range: nodeAt([]).range,
    rangeOf: (field, permission) => {
      const position = field === "may" || field === "may_not" ? names[field].indexOf(permission ?? "") : -1;
      return nodeAt(position === -1 ? [field] : [field, position]).range;
    },
    path: path.join("."),
  };
}

function missingRoot(): never {
  throw new TypeError("a valid file has a root");
}

function oneName(entry: z.output<typeof permissionList>[number]): string {
  return permissionNames([entry])[0] ?? "";
}

function principalOf({ user, token, client, claims }: Written): TestedPrincipal {
  if (user !== undefined) return { kind: "user", name: user };
  if (token !== undefined) return { kind: "token", name: token };
  return { kind: "client", name: client ?? "", claims: claims ?? {} };
}

/** What a test expects and forbids at once, so that it can't pass. */
function contradictions(test: AccessTest): readonly RawDiagnostic[] {
  return test.mayNot.flatMap((pattern) =>
    test.may
      .filter((permission) => fitsPattern(pattern, permission))
      .map((permission) => ({
        severity: "error",
        code: "INVALID_VALUE",
        message: `this test expects ${permission} in \`may\` and forbids it here`,
        hint: "remove one of the two",
        range: test.rangeOf("may_not", pattern),
        path: `${test.path}.may_not`,
      })),
  );
}

/** Permissions of tests that the catalogue does not have; a pattern is not in it. */
export function checkTestedPermissions(
  tests: readonly AccessTest[],
  catalogue: Catalogue | undefined,
): readonly RawDiagnostic[] {
  if (catalogue === undefined) return [];
  const check = (test: AccessTest, field: string, names: readonly string[]) =>
    names
      .filter((name) => !name.includes("*") && !catalogue.has(name))
      .map((name) => ({
        ...unknownPermission(catalogue, name, catalogue.nearest(name)),
        range: test.rangeOf(field, name),
        path: `${test.path}.${field}`,
      }));
  return tests.flatMap((test) => [...check(test, "may", test.may), ...check(test, "may_not", test.mayNot)]);
}
