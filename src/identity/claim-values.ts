import { isPrintable } from "./username.js";

/** A text of a user; undefined for what is none, or can't be stored. */
export function readText(claim: unknown, longest: number): string | undefined {
  const text = typeof claim === "number" ? String(claim) : claim;
  return typeof text === "string" && text.length <= longest && isPrintable(text) ? text : undefined;
}

/** A yes or no, as providers write it; undefined for what is neither. */
export function readFlag(claim: unknown): 0 | 1 | undefined {
  switch (typeof claim === "string" ? claim.toLowerCase() : claim) {
    case true:
    case 1:
    case "true":
    case "1":
      return 1;
    case false:
    case 0:
    case "false":
    case "0":
      return 0;
    default:
      return undefined;
  }
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
  const names = [...new Set(written)].filter(isGroupName);
  return { names: names.slice(0, mostGroups), isSound: names.length === written.length && names.length <= mostGroups };
}

function listOf(claim: unknown): readonly unknown[] | undefined {
  if (typeof claim === "string") return [claim];
  if (Array.isArray(claim)) return claim;
  return typeof claim === "object" && claim !== null ? Object.keys(claim) : undefined;
}

function isGroupName(name: string): boolean {
  return name.trim() !== "" && name.length <= longestName && isPrintable(name);
}
