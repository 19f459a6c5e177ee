import { loadStepModules } from "../apply/step-modules.js";
import { type FieldReference, fieldReferences } from "../config/field-reference.js";
import { configurationSchema } from "../config/schema-file.js";
import { diagnosticCodes, isCode } from "../errors.js";
import { nearest, nearestField } from "../nearest.js";
import type { Paint } from "../report/layout.js";
import { codeToJson, fieldToJson, renderCode, renderFields } from "../report/reference.js";
import { coreSteps } from "../resources/registry.js";
import { maskRandom } from "../secrets/random-looking.js";
import type { CliContext } from "./context.js";
import { usage } from "./explain-access.js";

interface Reference {
  readonly items: readonly object[];
  readonly text: string;
}

/**
 * What a diagnostic code means, or what a field is for.
 *
 * @param asked a code such as `UNKNOWN_FIELD`, or a path such as `tokenauth.items.token`, also with the numbers that messages have
 * @throws SetupError `COMMAND_LINE` (usage) where there is no such code or field
 */
export async function findReference(
  { cwd, terminal: { outPaint } }: CliContext,
  modules: readonly string[],
  asked: readonly string[],
): Promise<Reference> {
  const codes = asked.filter(isCode);
  if (codes.length === asked.length) {
    return { items: codes.map(codeToJson), text: codes.map((code) => renderCode(code, outPaint)).join("") };
  }
  const [name = ""] = asked.filter((text) => !isCode(text));
  const { steps } = await loadStepModules(modules, cwd);
  const all = fieldReferences(configurationSchema([...coreSteps, ...steps]));
  const fields = fieldsAt(all, normalize(name));
  if (fields.length === 0) throw unknownReference(name, all);
  return showFields(fields, outPaint);
}

function showFields(fields: readonly FieldReference[], paint: Paint): Reference {
  return { items: fields.map(fieldToJson), text: renderFields(fields, paint) };
}

/** A field and those in it; of one that is written in several ways, each. */
function fieldsAt(all: readonly FieldReference[], asked: string): readonly FieldReference[] {
  return all.filter(({ path }) => {
    const plain = normalize(path);
    return plain === asked || plain.startsWith(`${asked}.`);
  });
}

/** A path without what says which entry of a list is meant. */
function normalize(path: string): string {
  return path.replace(/\[\d*\]/g, "").replace(/\.\d+(?=\.|$)/g, "");
}

function unknownReference(asked: string, all: readonly FieldReference[]) {
  const name = maskRandom(asked);
  if (/^[A-Z][A-Z_]*$/.test(asked)) {
    const near = nearestField(asked, Object.keys(diagnosticCodes));
    return usage(
      `${name} is not a diagnostic code`,
      near === undefined ? "docs/diagnostics.md lists all codes" : `did you mean ${near}?`,
    );
  }
  const paths = all.map(({ path }) => normalize(path));
  const near = nearest(normalize(asked), paths, 3) ?? nearestLast(asked, paths);
  const hint =
    near === undefined
      ? "write user:NAME, token:NAME or client:ID and a permission, a code such as UNKNOWN_FIELD, or a field such as tokenauth.items.token"
      : `did you mean ${near}?`;
  return usage(`${name} is neither a code nor a field`, hint);
}

/** The field whose own name is the nearest, where the path to it is left out. */
function nearestLast(asked: string, paths: readonly string[]): string | undefined {
  const last = (path: string) => path.slice(path.lastIndexOf(".") + 1);
  const near = nearestField(last(asked), paths.map(last));
  return near === undefined ? undefined : paths.find((path) => last(path) === near);
}
