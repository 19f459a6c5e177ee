import * as z from "zod";
import type { RawDiagnostic } from "../yaml/node.js";
import { type Issue, type IssueSource, noMessage, type PlainIssue, plainIssues, toDiagnostics } from "./issues.js";
import type { MutedPaths, ValuePath } from "./path.js";
import type { Schema } from "./schema-shape.js";

export interface ValidPart {
  /** The schema's output for all entries without diagnostics; undefined where an issue is not an entry's. */
  readonly config: unknown;
  /** Whether `config` has every entry. */
  readonly isWhole: boolean;
  readonly diagnostics: readonly RawDiagnostic[];
  /** Turns a path in `config` into the path in the file. */
  readonly toWritten: (path: ValuePath) => ValuePath;
}

/** Zod writes and compiles a function for each mapping, which takes as long as parsing so many entries without. */
const fewEntries = 50;

/** From so many entries on, compiling the whole schema takes less time than it saves. */
const manyEntries = 1000;

// A check over the whole namespace runs once its entries are valid, and may refuse more of them.
const maxRounds = 5;

/**
 * Validates a namespace. Entries of its lists (`items.3`) with issues are left out and the rest is validated again, so that
 * issues between the others show in the same run.
 */
export function validatePart(schema: z.ZodType, bound: unknown, source: IssueSource, muted: MutedPaths): ValidPart {
  const diagnostics: RawDiagnostic[] = [];
  const kept = new Map<string, readonly number[]>();
  const toWritten = (path: ValuePath): ValuePath => {
    if (kept.size === 0) return path;
    const [list, index, ...rest] = path;
    if (typeof list !== "string" || typeof index !== "number") return path;
    return [list, kept.get(list)?.[index] ?? index, ...rest];
  };
  const entries = countEntries(bound);
  const quick = entries < manyEntries ? undefined : compileSchema(schema).safeParse(bound);
  if (quick?.success) return { config: quick.data, isWhole: true, diagnostics, toWritten };
  const jitless = entries <= fewEntries;
  let value = bound;
  for (let round = 0; round < maxRounds; round += 1) {
    const result = schema.safeParse(value, { error: () => noMessage, jitless });
    if (result.success) return { config: result.data, isWhole: round === 0, diagnostics, toWritten };
    const { issues } = result.error;
    // Bound values never have symbols as keys.
    const written = issues.map((issue): Issue => ({ ...issue, path: [...toWritten(issue.path as ValuePath)] }));
    const plain = plainIssues(written, source).filter(({ path }) => !muted.has(path));
    for (const issue of withoutConsequences(plain)) {
      for (const diagnostic of toDiagnostics(issue, source)) diagnostics.push(diagnostic);
    }
    const rest = withoutEntries(value, issues, kept);
    if (rest === undefined) break;
    value = rest;
  }
  return { config: undefined, isWhole: false, diagnostics, toWritten };
}

function countEntries(bound: unknown): number {
  if (typeof bound !== "object" || bound === null) return 0;
  return Object.values(bound).reduce((count, part) => count + (Array.isArray(part) ? part.length : 0), 0);
}

/**
 * Zod measures the length of lists where a text is expected, and a check of ours misses fields in a list: for a value of the wrong
 * type, only the type is reported.
 */
function withoutConsequences(plain: readonly PlainIssue[]): readonly PlainIssue[] {
  const wrong = new Set(
    plain.filter(({ issue }) => issue.code === "invalid_type").map(({ path }) => JSON.stringify(path)),
  );
  const isLimit = ({ code }: Issue) => code === "too_small" || code === "too_big";
  const isInWrong = (path: ValuePath) => path.some((_, depth) => wrong.has(JSON.stringify(path.slice(0, depth))));
  return plain.filter(({ path, issue }) => !isInWrong(path) && !(isLimit(issue) && wrong.has(JSON.stringify(path))));
}

function withoutEntries(value: unknown, issues: readonly Issue[], kept: Map<string, readonly number[]>): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  const dropped = new Map<string, Set<number>>();
  for (const { path } of issues) {
    const [list, index] = path;
    if (typeof list !== "string" || typeof index !== "number") return undefined;
    dropped.set(list, (dropped.get(list) ?? new Set()).add(index));
  }
  const rest = { ...value } as Record<string, unknown>; // its keys are the namespace's, whatever they hold
  for (const [list, indexes] of dropped) {
    const entries = rest[list];
    if (!Array.isArray(entries)) return undefined;
    const before = kept.get(list) ?? entries.map((_, index) => index);
    rest[list] = entries.filter((_, index) => !indexes.has(index));
    kept.set(
      list,
      before.filter((_, index) => !indexes.has(index)),
    );
  }
  return rest;
}

/**
 * Compiles a schema to one function, which pays off where it parses very many values. It accepts what the schema accepts, and makes
 * the same of it; what is wrong with any other value is for the schema itself to say.
 */
export function compileSchema(schema: z.ZodType): z.ZodType {
  // What is rebuilt is of the class that it was before.
  return z.compile(withPlainChecks(schema) as z.ZodType);
}

/**
 * A schema that is compiled can't have checks with a condition, as those have that also run beside other mistakes. Here, such a check
 * asks for its condition itself.
 */
function withPlainChecks(schema: Schema, above: readonly Schema[] = []): Schema {
  // A mapping that contains itself stays as it is inside.
  if (above.includes(schema)) return schema;
  const inner = (part: Schema) => withPlainChecks(part, [...above, schema]);
  // Zod's own union of its types; only with it does `def.type` narrow.
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "object": {
      const shape = Object.entries(def.shape).map(([name, field]) => [name, inner(field)]);
      return rebuild(schema, { shape: Object.fromEntries(shape) });
    }
    case "array":
      return rebuild(schema, { element: inner(def.element) });
    case "union":
      return rebuild(schema, { options: def.options.map(inner) });
    case "optional":
    case "default":
      return rebuild(schema, { innerType: inner(def.innerType) });
    default:
      return schema;
  }
}

function rebuild(schema: Schema, change: object): Schema {
  const { def } = schema._zod;
  const checks = def.checks?.map(plainCheck);
  return z.clone(schema, { ...def, ...change, ...(checks && { checks }) } as never);
}

function plainCheck(check: z.core.$ZodCheck<never>): z.core.$ZodCheck<never> {
  const { when, check: kind } = check._zod.def;
  if (when === undefined || kind !== "custom") return check;
  return z.check<never>((payload) => (when(payload) ? check._zod.check(payload) : undefined));
}
