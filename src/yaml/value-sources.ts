import type { Diagnostic } from "../errors.js";
import { Secret } from "../secrets/secret.js";
import { readSecretFile } from "../secrets/secret-file.js";
import type { Origin } from "./node.js";

/** What sources may read. */
export interface SourceContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where given, files of secrets must be inside it. */
  readonly secretsDir?: string | undefined;
  /** The working directory, which relative paths start from. */
  readonly cwd: string;
}

/** The result of reading a value, which is a secret until a schema says otherwise. A message may hold the argument: it is masked. */
type SourceValue =
  | { readonly kind: "read"; readonly value: Secret; readonly warnings: readonly SourceDiagnostic[] }
  /** There is no value, or an empty one: `default` and `required: false` take its place. */
  | { readonly kind: "missing"; readonly diagnostic: SourceDiagnostic }
  /** The value must not or can't be read, whatever stands beside it. */
  | { readonly kind: "refused"; readonly diagnostic: SourceDiagnostic };

/** What a source reports; its `hint` says what to do, without a full stop. */
export type SourceDiagnostic = Pick<Diagnostic, "severity" | "code" | "message"> & { readonly hint: string };

/** A source that `value_from` can take a value from, under the key that names it. */
export interface ValueSource extends Origin {
  /** With an article, such as `an environment variable`. */
  readonly title: string;
  /** Stands for its argument in hints, such as `NAME` in `{value_from: {env: NAME}}`. */
  readonly placeholder: string;
  /** What its argument is, such as `the name of an environment variable`. */
  readonly argument: string;
  /** The argument in the JSON Schema. */
  readonly description: string;
  /** Whether a text can be its argument. Any other may be the secret itself, and is not shown. */
  readonly accepts: (argument: string) => boolean;
  /** Reads the value of a field; `field` is what to call it. */
  readonly read: (argument: string, field: string, context: SourceContext) => SourceValue;
}

/** Sources by their keys. */
export type ValueSources = Readonly<Record<string, ValueSource>>;

/** Every source, in the order of messages. `default` and `required` are no keys for one. */
export const valueSources: ValueSources = {
  env: {
    noun: "variable",
    title: "an environment variable",
    placeholder: "NAME",
    argument: "the name of an environment variable",
    description: "The variable's name. An empty variable counts as not set.",
    // Any other name can't be set as a variable by a shell or container.
    accepts: (name) => /^[A-Za-z_.-][\w.-]*$/.test(name),
    read: readVariable,
    withoutQuotes:
      "write the variable without them: docker's --env-file and Kubernetes keep quotes, which only a shell removes",
    withoutLineBreak:
      "`echo` and editors add one, also before `base64`: create the secret or variable with `printf '%s'` instead",
  },
  file: {
    noun: "file",
    title: "a file",
    placeholder: "PATH",
    argument: "the path of a file",
    description: "The file's path. One line break at the end of the file is dropped.",
    accepts: (path) => path !== "" && !path.includes("\0"),
    read: readFile,
    withoutQuotes: "write the file without them: nothing removes them",
    withoutLineBreak:
      "only one line break at the end of the file is dropped, and it has more: write it with `printf '%s'` instead of `echo`",
  },
};

/** The keys that a `value_from` can have. */
export function valueFromKeys(sources: ValueSources): readonly string[] {
  return [...Object.keys(sources), "default", "required"];
}

/** What values come from, such as `variable or file`. */
export function nounOf(sources: ValueSources): string {
  return Object.values(sources)
    .map(({ noun }) => noun)
    .join(" or ");
}

function readVariable(name: string, field: string, { env }: SourceContext): SourceValue {
  // Inherited properties of every object (`constructor`, `toString`) are no variables.
  const text = Object.hasOwn(env, name) ? env[name] : undefined;
  if (text) return { kind: "read", value: new Secret(text), warnings: [] };
  const state = text === "" ? "is empty, which counts as not set" : "is not set";
  const message = `the environment variable ${name} for \`${field}\` ${state}`;
  return { kind: "missing", diagnostic: { severity: "error", code: "ENV_NOT_SET", message, hint: `export ${name}` } };
}

/** Reads a secret from a file; `field` is what to call it. */
export function readFile(path: string, field: string, context: SourceContext): SourceValue {
  const file = readSecretFile(path, context);
  switch (file.kind) {
    case "read":
      return { kind: "read", value: new Secret(file.text), warnings: file.loose ? [looseMode] : [] };
    case "refused":
    case "denied": {
      const { message, hint } = file;
      const code = file.kind === "denied" ? "FILE_DENIED" : "SECRET_FILE";
      return { kind: "refused", diagnostic: { severity: "error", code, message, hint } };
    }
    case "missing":
    case "empty": {
      const state = file.kind === "empty" ? "is empty" : "does not exist";
      const message = `the secret's file for \`${field}\` ${state}`;
      return {
        kind: "missing",
        diagnostic: { severity: "error", code: "SECRET_FILE", message, hint: "create the file" },
      };
    }
  }
}

const looseMode: SourceDiagnostic = {
  severity: "warning",
  code: "SECRET_FILE_MODE",
  message: "other users can read or change the secret's file: its mode is wider than 0640",
  hint: "restrict it: chmod 0640, or defaultMode: 0640 on a Kubernetes volume",
};
