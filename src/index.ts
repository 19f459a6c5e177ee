export { apply } from "./apply/apply.js";
export { loadConfig, validate } from "./apply/load.js";
export { type MigrateOptions, type MigrateResult, migrate } from "./apply/migrate.js";
export type { ApplyOptions, LoadOptions, RunOptions } from "./apply/options.js";
export { plan } from "./apply/plan.js";
export type { Configuration, RunResult } from "./apply/run.js";
export { secret } from "./config/fields.js";
export { defineStep, type Step, type StepDefinition, type StepDiagnostic } from "./config/step.js";
export {
  createResourceTable,
  createSetTable,
  createTable,
  type ResourceTableShape,
  type SetTableShape,
  type TableShape,
} from "./database/create-table.js";
export type { Migration } from "./database/migrations.js";
export { type Diagnostic, type DiagnosticCode, diagnosticCodes, type FailureReason, SetupError } from "./errors.js";
export type { Kind } from "./plan/kind.js";
export type { AttributeSpec, AttributesOf, KindShape, ReferenceTarget } from "./plan/kind-shape.js";
export type {
  Attributes,
  AttributeValue,
  Change,
  ConfigPath,
  FieldChange,
  PlainValue,
  StepResource,
} from "./plan/resource.js";
export {
  type Column,
  digest,
  flag,
  hashed,
  integer,
  json,
  reference,
  type SetRelation,
  sealed,
  setOf,
  text,
  time,
} from "./resources/columns.js";
export { apiToken, group, oidcClient, oidcProvider, user } from "./resources/kinds.js";
export { defineKind, type KindDefinition } from "./resources/table-kind.js";
export { Secret } from "./secrets/secret.js";
export { generatedTokenPattern } from "./secrets/token.js";
export type { ConfigSource } from "./yaml/read.js";
