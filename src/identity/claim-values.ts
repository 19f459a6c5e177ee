import { nameFault } from "../formats/hidden.js";
import { isPrintable } from "./username.js";

/** A text of a user; undefined for what is none, or can't be stored. */
export function readText(claim: unknown, longest: number): string | undefined {
  return typeof claim === "string" && claim.length <= longest && isPrintable(claim) ? claim : undefined;
}

/** As it is stored; undefined for what is neither true nor false, such as the text `"true"`. */
export function readFlag(claim: unknown): 0 | 1 | undefined {
  return typeof claim === "boolean" ? (claim ? 1 : 0) : undefined;
}

export interface ClaimedGroups {
  readonly names: readonly string[];
  /** False where the claim, or a part of it, is nothing that can name groups. */
  readonly isSound: boolean;
}

const longestName = 150;
const mostGroups = 1000;

/** The groups that a claim names: a text, a list of texts, or the keys of an object. Missing or null: none. */
export function readGroups(claim: unknown): ClaimedGroups {
  if (claim === undefined || claim === null) return { names: [], isSound: true };
  const written = listOf(claim);
  if (!written?.every((name) => typeof name === "string")) return { names: [], isSound: false };
  // As files write them: the same group is not made twice.
  const names = [...new Set(written.map((name) => name.normalize("NFC")))].filter(isGroupName);
  return { names: names.slice(0, mostGroups), isSound: names.length === written.length && names.length <= mostGroups };
}

function listOf(claim: unknown): readonly unknown[] | undefined {
  if (typeof claim === "string") return [claim];
  if (Array.isArray(claim)) return claim;
  return typeof claim === "object" && claim !== null ? Object.keys(claim) : undefined;
}

function isGroupName(name: string): boolean {
  return name !== "" && name.length <= longestName && nameFault(name) === undefined;
}
