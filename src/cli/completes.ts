import type { Argument, Option } from "commander";

/** What the shell offers for a value: files and folders, names in the database, or what this program knows. */
export type CompletionSource =
  | "file"
  | "folder"
  | "token"
  | "user"
  | "owner"
  | "permission"
  | "user:"
  | "token:"
  | "client:"
  | "permission:"
  | "code"
  | "allowable code"
  | "kind"
  | "namespace";

/** What the shell offers for a value of an option or argument: values, or what these sources have. */
export type Completes = readonly CompletionSource[] | { readonly values: readonly string[] };

/** The option, with what the shell offers for its value. */
export function completedBy<T extends Option>(option: T, ...completes: readonly CompletionSource[]): T {
  return Object.assign(option, { completes });
}

/** What the shell offers for a value: what its definition says, or else its placeholder, such as `<file>`. */
export function completesOf(of: (Option | Argument) & { readonly completes?: Completes }): Completes | undefined {
  if (of.completes) return of.completes;
  const [, placeholder] = /[<[]([\w-]+)/.exec("flags" in of ? of.flags : `<${of.name()}>`) ?? [];
  return placeholder === undefined ? undefined : placeholders.get(placeholder);
}

const placeholders: ReadonlyMap<string, readonly CompletionSource[]> = new Map([
  ["file", ["file"]],
  ["files", ["file"]],
  ["path", ["file"]],
  ["dir", ["folder"]],
  ["code", ["code"]],
  ["kind", ["kind"]],
  ["permission", ["permission"]],
]);
