import { isDeepStrictEqual } from "node:util";
import type { ConfigPath, Resource } from "../plan/resource.js";
import { isSecret } from "../secrets/secret.js";
import { type Document, findNode, type RawDiagnostic } from "../yaml/node.js";
import { parseDocument } from "../yaml/parse.js";
import { rewriteEntry } from "../yaml/rewrite.js";
import { type Rewrite, RewriteObstacle } from "../yaml/rewrite-parts.js";
import { dotted } from "./path.js";
import type { Step } from "./step.js";
import { runStep } from "./step-code.js";
import { type ValidateContext, type Validation, validateDocuments } from "./validate.js";

/** Files with their deprecated spellings rewritten. */
export interface UpgradedDocuments {
  /** In the given order; the same object where nothing changes. */
  readonly documents: readonly Document[];
  /** The deprecated spellings that only a person can rewrite, at their ranges in the given documents. */
  readonly diagnostics: readonly RawDiagnostic[];
  readonly before: Validation;
  readonly after: Validation;
}

/**
 * Rewrites what the enabled steps call deprecated. A rewrite that would change what the files declare, or break them, is left
 * to a person instead.
 */
export function upgradeDocuments(
  given: readonly Document[],
  steps: readonly Step[],
  context: ValidateContext,
): UpgradedDocuments {
  const before = validateDocuments(given, steps, context);
  const tasks = findTasks(given, before.enabled);
  const byHand: ByHand[] = tasks.flatMap(({ byHand: found }) => found);
  const validate = (documents: readonly Document[]) => validateDocuments(documents, steps, context);
  const isSame = (documents: readonly Document[]) => declareSame(before, validate(documents));
  const written = tasks.flatMap((task) => task.rewrites.map((rewrite) => ({ ...task, rewrite })));
  const all = rewriteAll(given, written);
  let documents: readonly Document[] = all.documents;
  if (isSame(documents)) {
    for (const found of all.failed) byHand.push(found);
  } else {
    // One of them is wrong, so each is tried by itself.
    documents = given;
    for (const task of written) {
      const one = rewriteAll(documents, [task]);
      if (isSame(one.documents)) documents = one.documents;
      else byHand.push(changesMeaning(task));
      for (const found of one.failed) byHand.push(found);
    }
  }
  const after = validate(documents);
  const reported = new Set(byHand.map(({ document, path }) => `${document.file} ${path.slice(0, 3).join(".")}`));
  const left = before.diagnostics.filter(({ code, path = "", range }) => {
    const isLeft = after.diagnostics.some((diagnostic) => diagnostic.code === code && diagnostic.path === path);
    const entry = path.split(".").slice(0, 3).join(".");
    return code.startsWith("DEPRECATED") && isLeft && !reported.has(`${range?.position.file} ${entry}`);
  });
  return { documents, diagnostics: [...byHand.map(describe), ...left], before, after };
}

/** What is to be done in one file for one step. */
interface Task {
  readonly document: Document;
  readonly namespace: string;
  readonly rewrites: readonly Rewrite[];
  readonly byHand: readonly ByHand[];
}

interface ByHand {
  readonly document: Document;
  /** From the root. */
  readonly path: ConfigPath;
  readonly message: string;
  readonly hint: string;
}

function findTasks(documents: readonly Document[], enabled: readonly Step[]): readonly Task[] {
  return documents.flatMap((document) =>
    enabled.flatMap((step) => {
      const { namespace, upgrade } = step;
      const entry = document.root?.entries.get(namespace);
      const upgrades = entry && upgrade ? runStep(step, "upgrade", undefined, () => upgrade(entry.value)) : [];
      const rewrites = upgrades.flatMap((found) => (found.kind === "rewrite" ? [found.rewrite] : []));
      const byHand = upgrades.flatMap((found) =>
        found.kind === "by_hand" ? [{ ...found, document, path: [namespace, ...found.path] }] : [],
      );
      return upgrades.length === 0 ? [] : [{ document, namespace, rewrites, byHand }];
    }),
  );
}

type OneRewrite = Task & { readonly rewrite: Rewrite };

function rewriteAll(documents: readonly Document[], tasks: readonly OneRewrite[]) {
  const failed: ByHand[] = [];
  const rewritten = documents.map((document) => {
    let { text } = document;
    for (const { namespace, rewrite, document: own } of tasks) {
      if (own.file !== document.file) continue;
      try {
        text = rewriteEntry(text, namespace, rewrite);
      } catch (error) {
        if (!(error instanceof RewriteObstacle)) throw error;
        const { message, hint, field } = error;
        const path = [namespace, ...rewrite.entry, ...(field === undefined ? [] : [field])];
        failed.push({ document: own, path, message, hint });
      }
    }
    return text === document.text ? document : (parseDocument(document.file, Buffer.from(text)).document ?? document);
  });
  return { documents: rewritten, failed };
}

function changesMeaning({ document, namespace, rewrite }: OneRewrite): ByHand {
  const message = "rewriting this entry by itself would change what the file means";
  const hint = "write the fields that `validate` calls deprecated as it says, and compare with `plan`";
  return { document, path: [namespace, ...rewrite.entry], message, hint };
}

function describe({ document, path, message, hint }: ByHand): RawDiagnostic {
  const found = document.root && findNode(document.root, path);
  const range = found && (found.keyRange ?? found.node.range);
  const [namespace = "", ...inside] = path;
  const dottedPath = dotted(String(namespace), inside);
  return { severity: "warning", code: "NOT_UPGRADED", message, hint, ...(range && { range }), path: dottedPath };
}

/** Whether both declare the same, and the second one has no error that the first one lacks. */
function declareSame(before: Validation, after: Validation): boolean {
  const errors = ({ diagnostics }: Validation) => diagnostics.filter(({ severity }) => severity === "error");
  const known = errors(before).map(({ code, message }) => `${code} ${message}`);
  const isKnown = errors(after).every(({ code, message }) => known.includes(`${code} ${message}`));
  const isComparable = errors(after).length === errors(before).length;
  return isKnown && isComparable && isDeepStrictEqual(comparable(before), comparable(after));
}

/** In an order of their own: entries may have moved within the file. */
function comparable({ declarations }: Validation): readonly unknown[] {
  return declarations
    .map(({ range: _, rangeIn: __, attributes, ...rest }) => ({ ...rest, attributes: plain(attributes) }))
    .sort((one, other) => (`${one.kind} ${one.key}` < `${other.kind} ${other.key}` ? -1 : 1));
}

/** Secrets hide what they hold from comparisons, too. */
function plain(attributes: Resource["attributes"]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, isSecret(value) ? { secret: value.reveal() } : value]),
  );
}
