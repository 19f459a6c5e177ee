import { diagnosticCodes, SetupError } from "../errors.js";
import { nearestField } from "../nearest.js";
import type { Kind } from "../plan/kind.js";
import type { StepResource } from "../plan/resource.js";
import {
  createResourceCheck,
  isRecord,
  type StepMistake,
  stepInvalid,
  stepsInvalid,
  typeName,
} from "../plan/step-mistakes.js";
import { isSecret, type Secret } from "../secrets/secret.js";
import type { Step, StepDiagnostic } from "./step.js";

/**
 * Requires that a step's `declare` returned resources of known kinds, with attributes that these have: what is misspelt would be
 * dropped otherwise, and reported as applied.
 *
 * @throws SetupError `STEP_INVALID` (usage) with every different mistake
 */
export function requireResources(
  { title, kinds: own }: Step,
  resources: readonly StepResource[],
  kinds: ReadonlyMap<string, Kind>,
): void {
  const checks = new Map<string, (resource: unknown) => readonly StepMistake[]>();
  const checkOf = (kind: Kind) => {
    const check = checks.get(kind.name) ?? createResourceCheck(kind);
    checks.set(kind.name, check);
    return check;
  };
  const mistakes = listOf(resources, `the step ${title}: \`declare\``, "resources").flatMap((resource) => {
    const name = isRecord(resource) ? resource.kind : undefined;
    const kind = typeof name === "string" ? kinds.get(name) : undefined;
    if (!kind) return [unknownKind(name, kinds.keys())];
    const found = checkOf(kind)(resource);
    if (own.includes(kind.name)) return found;
    const message = `it declares the kind ${kind.name}, which is not among its \`kinds\``;
    return [{ message, hint: `add ${kind.name} to the step's \`kinds\`: pruning looks at these` }, ...found];
  });
  if (mistakes.length > 0) throw stepsInvalid(mistakes.map((mistake) => ofStep(title, mistake)));
}

function unknownKind(name: unknown, known: Iterable<string>): StepMistake {
  if (typeof name !== "string" || name === "") {
    const hint = "return what a kind's `resource` or `absent` made";
    return { message: "`declare` returns something that is not a resource", hint };
  }
  const near = nearestField(name, known);
  const hint = near === undefined ? "export it from the module, in the list `kinds`" : `did you mean \`${near}\`?`;
  return { message: `it declares a resource of the kind \`${name}\`, which does not exist`, hint };
}

/** @throws SetupError `STEP_INVALID` (usage) where a step's `review` returned what is not a diagnostic */
export function requireDiagnostics({ title }: Step, diagnostics: readonly StepDiagnostic[]): void {
  const mistakes = listOf(diagnostics, `the step ${title}: \`review\``, "diagnostics").flatMap(reviewMistakes);
  if (mistakes.length > 0) throw stepsInvalid(mistakes.map((mistake) => ofStep(title, mistake)));
}

function reviewMistakes(diagnostic: unknown): readonly StepMistake[] {
  // A step written in JavaScript may return anything.
  const { severity, code, message, path } = diagnostic as Readonly<Partial<Record<string, unknown>>>;
  const mistakes: StepMistake[] = [];
  if (typeof code !== "string" || !Object.hasOwn(diagnosticCodes, code)) {
    const near = nearestField(String(code), Object.keys(diagnosticCodes));
    const hint = near === undefined ? "docs/diagnostics.md lists them" : `did you mean \`${near}\`?`;
    mistakes.push({ message: "`review` gives a diagnostic with an unknown code", hint });
  }
  if (severity !== "error" && severity !== "warning") {
    mistakes.push({
      message: "`review` gives a diagnostic with an unknown severity",
      hint: "write `error` or `warning`",
    });
  }
  if (typeof message !== "string" || !Array.isArray(path)) {
    const hint = 'give it both, such as path: ["items", index]';
    mistakes.push({ message: "`review` gives a diagnostic without a message or path", hint });
  }
  return mistakes;
}

function listOf(value: unknown, what: string, items: string): readonly unknown[] {
  if (Array.isArray(value) && value.every(isRecord)) return value;
  throw stepInvalid(
    `${what} returns ${Array.isArray(value) ? "other things" : typeName(value)}`,
    `return a list of ${items}`,
  );
}

function ofStep(title: string, { message, hint }: StepMistake): StepMistake {
  return { message: `the step ${title}: ${message}`, hint };
}

/**
 * Runs code of a step's author.
 *
 * @throws SetupError `STEP_INVALID` (internal) where it throws
 */
export function runStep<T>({ title }: Pick<Step, "title">, part: string, config: unknown, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof SetupError) throw cause;
    throw ownCodeFailed(`the step ${title}: \`${part}\``, cause, config);
  }
}

/** The error of code from a module that threw; `config` holds the values that it may have quoted. */
export function ownCodeFailed(what: string, cause: unknown, config: unknown): SetupError {
  const message = `${what} threw ${describeThrown(cause, config)}`;
  return stepInvalid(message, `correct it there:\n${framesOf(cause)}`, { reason: "internal", cause });
}

/**
 * The engine's own errors say what is misspelt, and quote at most a name that was looked up, which may be a value; any other one is
 * shown by its class alone.
 */
function describeThrown(error: unknown, config: unknown): string {
  if (!(error instanceof Error)) return typeName(error);
  if (!(error instanceof TypeError || error instanceof ReferenceError)) return `${error.name}, whose text is not shown`;
  let { message } = error;
  for (const secret of textsIn(config, isSecret)) if (secret !== "") message = message.replaceAll(secret, "[secret]");
  for (const plain of textsIn(config, isText)) message = message.replaceAll(`'${plain}'`, "'…'");
  return `${error.name}: ${message}`;
}

const isText = (value: unknown): value is string => typeof value === "string";

function textsIn(value: unknown, counts: (value: unknown) => value is Secret | string): readonly string[] {
  if (counts(value)) return [isSecret(value) ? value.reveal() : value];
  return typeof value === "object" && value !== null
    ? Object.values(value).flatMap((part) => textsIn(part, counts))
    : [];
}

function framesOf(error: unknown): string {
  const lines = error instanceof Error ? (error.stack ?? "").split("\n") : [];
  return lines
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 3)
    .join("\n");
}
