import { tmpdir } from "node:os";
import * as z from "zod";
import { filledText, secret, slug, text as textField } from "../../src/config/fields.js";
import { defineStep, type Step } from "../../src/config/step.js";
import { type ValidateContext, type Validation, validateDocuments } from "../../src/config/validate.js";
import { sealed, text } from "../../src/resources/columns.js";
import { coreKinds } from "../../src/resources/registry.js";
import { defineKind } from "../../src/resources/table-kind.js";
import type { Document, Node, RawDiagnostic, ScalarNode } from "../../src/yaml/node.js";
import { parseDocument, parseInFull } from "../../src/yaml/parse.js";

/** Parses a file that has no syntax errors. */
function parse(yaml: string, file = "config.yaml"): Document {
  const { document, diagnostics } = parseDocument(file, Buffer.from(yaml));
  if (document === undefined || diagnostics.length > 0) throw new Error(`not valid: ${diagnostics[0]?.message}`);
  return document;
}

/** The value under `value:`. */
export function nodeOf(yaml: string): Node {
  const node = parse(yaml).root?.entries.get("value")?.value;
  if (node === undefined) throw new Error("the document has no `value`");
  return node;
}

export function contextOf(
  env: Readonly<Record<string, string>> = {},
  more: Partial<ValidateContext> = {},
): ValidateContext {
  return {
    env,
    noEnv: false,
    cwd: tmpdir(),
    now: new Date("2030-01-01T00:00:00Z"),
    kinds: new Map([...coreKinds, key].map((kind) => [kind.name, kind])),
    parse: parseInFull,
    ...more,
  };
}

export function validate(
  yaml: string | Readonly<Record<string, string>>,
  steps: readonly Step[],
  context = contextOf(),
): Validation & { readonly documents: readonly Document[] } {
  const files = typeof yaml === "string" ? { "config.yaml": yaml } : yaml;
  const documents = Object.entries(files).map(([file, content]) => parse(content, file));
  return { ...validateDocuments(documents, steps, context), documents };
}

/** The texts in the files that a quoted line may show. */
export function shownIn({ documents, visibility }: ReturnType<typeof validate>): readonly string[] {
  const shown = visibility();
  return documents
    .flatMap(({ root }) => (root ? scalarsIn(root) : []))
    .flatMap((node) => (shown.has(node) ? node.text() : []));
}

export function scalarsIn(node: Node): readonly ScalarNode[] {
  if (node.kind === "scalar") return [node];
  if (node.kind === "sequence") return node.items.flatMap(scalarsIn);
  return node.kind === "mapping" ? [...node.entries.values()].flatMap(({ value }) => scalarsIn(value)) : [];
}

/** A diagnostic as one line: `error CODE file:line:column path: message (hint)`. */
function line({ severity, code, range, path, message, hint }: RawDiagnostic): string {
  const { file, line, column } = range?.position ?? { file: "-", line: 0, column: 0 };
  return `${severity} ${code} ${file}:${line}:${column} ${path ?? "-"}: ${message}${hint === undefined ? "" : ` (${hint})`}`;
}

export function lines(diagnostics: readonly RawDiagnostic[]): readonly string[] {
  return diagnostics.map(line);
}

const key = defineKind({
  name: "key",
  table: "keys",
  keyColumn: "identifier",
  columns: { token: sealed("token", null), contact_person: text("contact_person"), note: text("note") },
});

/** A step as a module might define it, with every sort of field. */
export const keys = defineStep({
  flag: "keys_config_enable",
  namespace: "keys_config",
  title: "Keys",
  kinds: [key],
  schema: z.strictObject({
    items: z.array(
      z.strictObject({
        identifier: slug(20),
        token: secret({ test: (plain) => !plain.includes(" "), expected: "expected no spaces" }).optional(),
        contact_person: filledText(10).describe("Who to ask."),
        note: textField(100).default(""),
        size: z.int().min(8).max(64).default(32),
        enabled: z.boolean().default(true),
        mode: z.enum(["read_only", "read_and_write"]).optional(),
        tags: z.array(z.string().max(5)).default([]),
        nested: z.strictObject({ inner: z.strictObject({ depth: z.int() }).optional() }).optional(),
        free: z.unknown().optional(),
      }),
    ),
    notes: z.array(z.string()).optional(),
  }),
  declare: ({ items }) =>
    items.map((item, index) =>
      key.resource(item.identifier, { token: item.token, contact_person: item.contact_person, note: item.note }, [
        "items",
        index,
      ]),
    ),
  review: ({ items }, now) =>
    items.flatMap((item, index) =>
      item.size < now.getUTCFullYear() - 2000
        ? [{ severity: "warning", code: "WEAK_SIZE", message: "too short", path: ["items", index, "size"] }]
        : [],
    ),
});
