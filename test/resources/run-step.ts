import { expect } from "vitest";
import type { Step, StepDiagnostic } from "../../src/config/step.js";
import type { StepResource } from "../../src/plan/resource.js";

/** The time at which these tests review. */
const now = new Date("2026-03-01T12:00:00Z");

/** What a step declares of a configuration that its schema accepts. */
export function declared(step: Step, config: unknown): readonly StepResource[] {
  return step.declare(step.schema.parse(config));
}

/** The attributes of the one resource of a kind. */
export function attributesOf(step: Step, config: unknown, kind: string): StepResource["attributes"] {
  const [resource, ...others] = declared(step, config).filter((declaration) => declaration.kind === kind);
  expect(others).toEqual([]);
  expect(resource).toBeDefined();
  return resource?.attributes ?? {};
}

/** The diagnostics of a configuration that its schema accepts, with dotted paths. */
export function diagnostics(step: Step, config: unknown) {
  return step.review(step.schema.parse(config), now).map(withDottedPath);
}

/** What the schema says against a configuration, with dotted paths. */
export function issues(step: Step, config: unknown) {
  const result = step.schema.safeParse(config);
  return (result.error?.issues ?? []).map((issue) => ({ ...issue, path: issue.path.join(".") }));
}

/** The paths and messages of {@link issues}. */
export function complaints(step: Step, config: unknown) {
  return issues(step, config).map(({ path, message }) => ({ path, message }));
}

function withDottedPath(diagnostic: StepDiagnostic) {
  return { ...diagnostic, path: diagnostic.path.join(".") };
}
