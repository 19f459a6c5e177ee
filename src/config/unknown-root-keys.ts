import { invisibleIn } from "../characters.js";
import { nearest } from "../nearest.js";
import { maskName } from "../secrets/random-looking.js";
import { type Document, type Finding, isBareKey, type MappingEntry } from "../yaml/node.js";
import { otherPrograms } from "./root-keys.js";
import type { Step } from "./step.js";

/** Reports the root keys that belong to no step. `meant` has the misspelt ones by the flag or namespace that each was meant to be. */
export function findUnknownRootKeys(
  documents: readonly Document[],
  steps: readonly Step[],
): { readonly findings: readonly Finding[]; readonly meant: ReadonlyMap<string, readonly MappingEntry[]> } {
  const known = rootKeysOf(steps);
  const meant = new Map<string, readonly MappingEntry[]>();
  const findings: Finding[] = [];
  for (const entry of documents.flatMap(({ root }) => [...(root?.entries.values() ?? [])])) {
    if (known.has(entry.key)) continue;
    const near = isOfOtherProgram(entry.key) ? undefined : nearest(entry.key, known);
    if (near !== undefined) meant.set(near, [...(meant.get(near) ?? []), entry]);
    findings.push(near === undefined ? unknownKey(entry, known) : misspeltKey(entry, near));
  }
  return { findings, meant };
}

/** A key that stands twice in what another program reads is that program's to judge: a warning here. */
export function easeForeignDuplicates(findings: readonly Finding[], steps: readonly Step[]): readonly Finding[] {
  const known = rootKeysOf(steps);
  return findings.map((finding) => {
    const { code, path = "" } = finding;
    if (code !== "DUPLICATE_KEY") return finding;
    const [root = ""] = path.split(".");
    if (isOfOtherProgram(root)) return { ...finding, severity: "warning", foreign: true };
    return known.has(root) || nearest(root, known) !== undefined ? finding : { ...finding, severity: "warning" };
  });
}

function rootKeysOf(steps: readonly Step[]): ReadonlySet<string> {
  return new Set(steps.flatMap(({ flag, namespace }) => [flag, namespace]));
}

function misspeltKey({ key, keyPlace }: MappingEntry, near: string): Finding {
  return {
    severity: "error",
    code: "UNKNOWN_FIELD",
    message: `unknown key \`${maskName(key)}\` at the root`,
    hint: `did you mean \`${near}\`?`,
    place: keyPlace,
    path: key,
  };
}

function unknownKey(entry: MappingEntry, known: ReadonlySet<string>): Finding {
  const { key, keyPlace } = entry;
  const invisible = invisibleIn(key);
  if (invisible !== undefined || isBareKey(entry)) {
    const message = invisible === undefined ? "a key without a colon" : `${invisible} in the name of a key`;
    const hint = "write the key, a colon and a space, and the lines below it with ordinary spaces";
    return {
      severity: "warning",
      code: "UNKNOWN_ROOT_KEY",
      message: `${message} at the root is ignored`,
      hint,
      place: keyPlace,
    };
  }
  const finding = { severity: "warning", code: "UNKNOWN_ROOT_KEY", place: keyPlace, path: key } as const;
  if (isOfOtherProgram(key))
    return { ...finding, foreign: true, message: `\`${key}\` belongs to another program and is ignored here` };
  const hint = `nothing to do if another program reads it; the keys of this one are ${[...known].join(", ")}`;
  return { ...finding, message: `unknown key \`${maskName(key)}\` at the root is ignored`, hint };
}

/** Whatever its case is, which the other program may not mind. */
function isOfOtherProgram(key: string): boolean {
  return otherPrograms.has(key.toLowerCase());
}
