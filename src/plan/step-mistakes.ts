import { type FailureReason, SetupError, setupError } from "../errors.js";
import { nearestField } from "../nearest.js";
import { isSecret } from "../secrets/secret.js";
import type { AttributeSpec, AttributeSpecs, KindShape } from "./kind-shape.js";

/** A mistake in the code of a step or kind, for its author. */
export interface StepMistake {
  readonly message: string;
  readonly hint: string;
}

/** A mistake in a step's code as an error; one that shows only when the code runs is `internal`. */
export function stepInvalid(
  message: string,
  hint = "see docs/custom-steps.md",
  { cause, reason = "usage" }: { readonly cause?: unknown; readonly reason?: FailureReason } = {},
): SetupError {
  return setupError(reason, "STEP_INVALID", message, hint, { cause });
}

/** All mistakes of a step at once, each once. */
export function stepsInvalid(mistakes: readonly StepMistake[]): SetupError {
  const different = new Map(mistakes.map((mistake) => [mistake.message, mistake]));
  const diagnostics = [...different.values()].map(
    (mistake) => ({ severity: "error", code: "STEP_INVALID", ...mistake }) as const,
  );
  return new SetupError("usage", diagnostics);
}

/** Whether each property of a definition has the right type: what `defineStep` and `defineKind` are given. */
export interface DefinitionRules {
  readonly [property: string]: {
    readonly expected: string;
    readonly test: (value: unknown) => boolean;
    readonly optional?: true;
  };
}

/** @throws SetupError `STEP_INVALID` where a definition lacks a property, or has one that is unknown or of another type */
export function requireDefinition(what: string, definition: unknown, rules: DefinitionRules): void {
  if (!isRecord(definition)) throw stepInvalid(`${what} is given ${typeName(definition)}`, "give it an object");
  const mistakes = [
    ...Object.keys(definition)
      .filter((name) => !Object.hasOwn(rules, name))
      .map((name) => ({ message: `${what} has no property \`${name}\``, hint: meant(name, Object.keys(rules)) })),
    ...Object.entries(rules).flatMap(([name, { expected, test, optional }]) => {
      const value = definition[name];
      if (test(value) || (optional && value === undefined)) return [];
      const message = value === undefined ? `has no \`${name}\`` : `has ${typeName(value)} as its \`${name}\``;
      return { message: `${what} ${message}`, hint: `give it ${expected}` };
    }),
  ];
  if (mistakes.length > 0) throw stepsInvalid(mistakes);
}

function meant(name: string, known: readonly string[]): string {
  const near = nearestField(name, known);
  return near === undefined ? `it can have ${known.join(", ") || "none"}` : `did you mean \`${near}\`?`;
}

/** The columns that every resource's row has. */
export const reservedColumns: readonly string[] = ["id", "owner", "created_at", "updated_at"];

/** Finds what is wrong with resources that a step's `declare` returned: JavaScript has no compiler that says it before. */
export function createResourceCheck(kind: KindShape): (resource: unknown) => readonly StepMistake[] {
  const specs = Object.entries(kind.attributes);
  return (resource) => findMistakes(kind, specs, resource);
}

function findMistakes(
  { name: kind, attributes: known }: KindShape,
  specs: readonly (readonly [string, AttributeSpec])[],
  resource: unknown,
): readonly StepMistake[] {
  // A step written in JavaScript may return anything.
  const { key, state, attributes, path, fields = {} } = resource as Readonly<Partial<Record<string, unknown>>>;
  const mistakes: StepMistake[] = [];
  const complain = (message: string, hint: string): void => void mistakes.push({ message, hint });
  if (typeof key !== "string" || key === "") {
    complain(`a resource of the kind ${kind} has no key`, `give it a text: ${kind}.resource(key, attributes, path)`);
  }
  if (state !== undefined && state !== "present" && state !== "absent") {
    complain(`a resource of the kind ${kind} has an unknown \`state\``, "write `present` or `absent`, or leave it out");
  }
  if (!isPath(path)) {
    const hint = 'set it to where the entry is in the namespace, such as ["items", index]';
    complain(`a resource of the kind ${kind} has no path`, hint);
  }
  if (!isRecord(attributes)) {
    complain(`a resource of the kind ${kind} has no attributes`, `give it an object with ${listed(known)}`);
    return mistakes;
  }
  for (const named of [attributes, isRecord(fields) ? fields : {}]) {
    for (const name of Object.keys(named)) {
      if (Object.hasOwn(known, name)) continue;
      complain(`the kind ${kind} has no attribute \`${name}\``, meantAttribute(known, name));
    }
  }
  if (state === "absent") return mistakes;
  for (const [name, { optional, expected, accepts }] of specs) {
    const value = attributes[name];
    if (value === undefined) {
      const hint = "give it a value; or give its column an initial value, and it may be left out";
      if (!optional) complain(`a resource of the kind ${kind} has no value for the attribute \`${name}\``, hint);
    } else if (!accepts(value)) {
      complain(`the attribute \`${name}\` of the kind ${kind} is ${typeName(value)}`, `give it ${expected}`);
    }
  }
  return mistakes;
}

function meantAttribute(specs: AttributeSpecs, name: string): string {
  if (name === "owner") return "a resource's owner is that of the run: remove it, and use --owner";
  if (reservedColumns.includes(name)) return `\`${name}\` is maintained by vtb-setup itself: remove it`;
  return meant(name, Object.keys(specs));
}

function listed(specs: AttributeSpecs): string {
  return Object.keys(specs).join(", ") || "none";
}

function isPath(path: unknown): boolean {
  return Array.isArray(path) && path.every((part) => typeof part === "string" || typeof part === "number");
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a value is, without the value. */
export function typeName(value: unknown): string {
  if (value === undefined) return "undefined";
  if (value === null) return "null";
  if (isSecret(value)) return "a secret";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "boolean") return "true or false";
  if (typeof value === "string") return "a text";
  if (typeof value === "function") return "a function";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
