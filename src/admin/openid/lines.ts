import { parseJson } from "../../oidc/jwt/json-object.js";

/** A text field with one value on each line. */
export function linesOf(text: string): readonly string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

const separator = " > ";

/** The path to a claim as people type it: the name of the claim, and of those in it, with `>` between. */
export function pathText(path: readonly string[]): string {
  const isPlain = path.every((key) => key !== "" && key === key.trim() && !/^\[|>/.test(key));
  return isPlain ? path.join(separator) : JSON.stringify(path);
}

/** The path that was typed; a JSON list for names that have a `>` themselves. */
export function pathOf(text: string): readonly string[] {
  const typed = text.trim();
  if (typed === "") return [];
  if (typed.startsWith("[")) {
    const path = parseJson(typed);
    if (Array.isArray(path) && path.every((key) => typeof key === "string")) return path;
  }
  return typed.split(">").map((key) => key.trim());
}
