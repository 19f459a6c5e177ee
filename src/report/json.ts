import { countPrincipals } from "../access/describe.js";
import type { MigrateResult } from "../apply/migrate.js";
import type { RunResult } from "../apply/run.js";
import type { Diagnostic } from "../errors.js";
import type { EntriesChanged } from "../operations/record.js";
import type { GeneratedSecret } from "../plan/kind.js";
import { type Change, hasDrift } from "../plan/resource.js";
import { maskRandom } from "../secrets/random-looking.js";
import { accessToJson } from "./access.js";
import { summarize } from "./run.js";

export const formatVersion = 1;

/** The single JSON object of a finished `plan` or `apply`. `generated` holds tokens in clear: nothing else does. */
export function runToJson(result: RunResult, shownTokens: readonly GeneratedSecret[]): object {
  return {
    formatVersion,
    command: result.command,
    outcome: result.outcome,
    summary: {
      ...summarize(result.changes, result.unchanged),
      gains: countPrincipals(result.access.gains),
      losses: countPrincipals(result.access.losses),
    },
    ...(result.migrations.length > 0 && { migrations: result.migrations }),
    changes: result.changes.map(changeToJson),
    access: accessToJson(result.access),
    ...(shownTokens.length > 0 && { generated: shownTokens.map(generatedToJson) }),
    diagnostics: result.diagnostics.map(diagnosticToJson),
    run: result.run,
  };
}

/** The single JSON object of `migrate`. */
export function migrationsToJson({ command, outcome, migrations, diagnostics, run }: MigrateResult): object {
  return { formatVersion, command, outcome, migrations, diagnostics: diagnostics.map(diagnosticToJson), run };
}

/** The single JSON object of `validate`, and of every command that failed. */
export function outcomeToJson(
  command: string,
  outcome: "valid" | "invalid" | "failed",
  diagnostics: readonly Diagnostic[],
): object {
  return { formatVersion, command, outcome, diagnostics: diagnostics.map(diagnosticToJson) };
}

function changeToJson(change: Change): object {
  const { action, kind, key, fields, range } = change;
  const source = range && { source: range.position };
  const previous = change.action === "update" && change.previousKey !== undefined && maskRandom(change.previousKey);
  const drift = hasDrift({ fields }) && { drift: true };
  const renamed = previous && { previousKey: previous };
  return { action, kind, key: maskRandom(key), ...renamed, fields: withoutSecrets(fields), ...drift, ...source };
}

function generatedToJson({ kind, key, value }: GeneratedSecret): object {
  return { kind, key: maskRandom(key), token: value.reveal() };
}

/** What a command that changes entries adds to its JSON object. */
interface OperationDetails {
  /** The lines of standard input whose value no token has, counted from 1; undefined where none were read. */
  readonly unknownLines?: readonly number[] | undefined;
  readonly shownTokens?: readonly GeneratedSecret[];
  readonly diagnostics?: readonly Diagnostic[];
}

/** The single JSON object of a command that changes entries. */
export function operationToJson(
  command: string,
  { changes, unchanged, runId }: EntriesChanged,
  { unknownLines, shownTokens = [], diagnostics = [] }: OperationDetails,
): object {
  const isChanged = changes.length > 0;
  return {
    formatVersion,
    command,
    outcome: isChanged ? "applied" : "unchanged",
    summary: {
      create: changes.filter(({ action }) => action === "create").length,
      update: changes.filter(({ action }) => action === "update").length,
      delete: 0,
      unchanged: unchanged.length,
    },
    changes: changes.map(({ action, kind, key, fields }) => ({
      action,
      kind,
      key: maskRandom(key),
      fields: withoutSecrets(fields),
    })),
    ...(unknownLines && { unknownLines }),
    ...(shownTokens.length > 0 && { generated: shownTokens.map(generatedToJson) }),
    diagnostics: diagnostics.map(diagnosticToJson),
    ...(isChanged && { run: { id: runId } }),
  };
}

/** The single JSON object of a command that lists. */
export function itemsToJson(command: string, items: readonly object[]): object {
  return { formatVersion, command, outcome: "ok", items: items.map(withoutSecrets), diagnostics: [] };
}

export function diagnosticToJson({ severity, code, message, hint, position, path }: Diagnostic): object {
  return {
    severity,
    code,
    message,
    ...(hint !== undefined && { hint }),
    ...position,
    ...(path !== undefined && { path }),
  };
}

/** Masks a secret that was written where a name belongs, however deep it is. */
export function withoutSecrets(value: unknown): unknown {
  if (typeof value === "string") return maskRandom(value);
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [maskRandom(key), withoutSecrets(inner)]));
}
