import { loadConfig } from "../apply/load.js";
import type { LoadOptions } from "../apply/options.js";
import { plan } from "../apply/plan.js";
import type { Configuration, RunResult } from "../apply/run.js";
import { type DiagnosticCode, listSome } from "../errors.js";
import { diagnosed, type Finding, failed, ok, type Subject } from "./finding.js";

export interface FilesOptions extends LoadOptions {
  /** Accepts variables and secret files that are missing. */
  readonly noEnv: boolean;
}

export interface ExaminedFiles {
  readonly findings: readonly Finding[];
  /** Undefined where the files are invalid. */
  readonly configuration: Configuration | undefined;
}

/** Reads the files and says what is wrong with them, deprecated spellings and short tokens among it. */
export async function examineFiles(files: readonly string[], options: FilesOptions): Promise<ExaminedFiles> {
  const subject = subjectOf(files);
  try {
    const configuration = await loadConfig(files, options);
    const found = diagnosed(subject, "content", configuration.warnings);
    const count = configuration.resources.length;
    const valid = ok(subject, "content", `valid, ${count} ${count === 1 ? "entry" : "entries"}`);
    return { findings: found.length > 0 ? found : [valid], configuration };
  } catch (error) {
    return { findings: failed(subject, "content", error), configuration: undefined };
  }
}

interface PlanOptions extends Pick<LoadOptions, "env" | "strict" | "allow" | "deny"> {
  readonly database: string;
  readonly owner?: string | undefined;
  readonly signal: AbortSignal;
  readonly now: () => Date;
}

/** What checks of the database and the key say. */
const ofDatabase: ReadonlySet<DiagnosticCode> = new Set<DiagnosticCode>([
  "DATABASE_MODE",
  "DATABASE_UNENCRYPTED",
  "SECRET_FILE_MODE",
]);

/** Compares the files with the database; undefined where `apply` would refuse them. */
export async function planFiles(
  files: readonly string[],
  configuration: Configuration,
  options: PlanOptions,
): Promise<{ readonly findings: readonly Finding[]; readonly result: RunResult | undefined }> {
  const subject = subjectOf(files);
  try {
    // The providers are asked by checks of their own.
    const result = await plan(configuration, { ...options, offline: true });
    const count = result.changes.length;
    const message = count === 0 ? "applied" : `apply would make ${count === 1 ? "1 change" : `${count} changes`}`;
    const own = diagnosed(
      subject,
      "plan",
      result.diagnostics.filter(({ code, position }) => position !== undefined || !ofDatabase.has(code)),
    );
    return { findings: [...own, ok(subject, "plan", message)], result };
  } catch (error) {
    return { findings: failed(subject, "plan", error), result: undefined };
  }
}

function subjectOf(files: readonly string[]): Subject {
  return { kind: "files", key: listSome(files) };
}
