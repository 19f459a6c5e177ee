import { type CharacterRule, findStray, type StrayCharacter } from "../characters.js";
import type { Origin, RawDiagnostic, ScalarNode } from "../yaml/node.js";

/** A scalar's meaning where no field defines it. */
type NaturalValue = string | number | boolean | null;

// YAML 1.1, which these files were written for. Its sexagesimal numbers stay text: `12:30:45` is a time.
const decimalInteger = /^[-+]?(?:0|[1-9][0-9_]*)$/;
const octalInteger = /^[-+]?0[0-7_]+$/;
const prefixedInteger = /^[-+]?0(?:x[0-9a-fA-F_]+|b[01_]+)$/;
// PyYAML accepts a sign only before a digit: `-.5` is text.
const float = /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+][0-9]+)?$/;

/** The value in YAML 1.1, except what JSON can't hold (infinities, dates, integers beyond 2^53), which stays text. */
export function naturalValue(node: ScalarNode): NaturalValue {
  if (node.isNull()) return null;
  if (!canMeanMore(node)) return node.text();
  const number = naturalNumber(node.text());
  if (number !== undefined && (Number.isSafeInteger(number) || !Number.isInteger(number))) return number;
  return naturalBoolean(node.text()) ?? node.text();
}

/** Every spelling of a boolean that pydantic accepts, in any case, quoted or not; undefined for anything else. */
export function toBoolean(node: ScalarNode): boolean | undefined {
  const text = node.text();
  if (/^(?:1|t|y|true|yes|on)$/i.test(text)) return true;
  if (/^(?:0|f|n|false|no|off)$/i.test(text)) return false;
  const number = canMeanMore(node) ? naturalNumber(text) : undefined;
  return number === 0 ? false : number === 1 ? true : undefined;
}

/** Every spelling of an integer that pydantic accepts, quoted or not; undefined for anything else. */
export function toInteger(node: ScalarNode): number | undefined {
  const text = node.text();
  if (canMeanMore(node)) {
    const natural = naturalNumber(text) ?? naturalBoolean(text);
    if (natural !== undefined) return integral(Number(natural));
  }
  const lenient = /^\s*([-+]?\d+(?:_\d+)*)(?:\.0+)?\s*$/.exec(text)?.[1];
  return lenient === undefined ? undefined : integral(Number(lenient.replaceAll("_", "")));
}

/** A finite number, quoted or not; undefined for anything else. */
export function toNumber(node: ScalarNode): number | undefined {
  const text = node.text();
  const natural = canMeanMore(node) ? naturalNumber(text) : undefined;
  if (natural !== undefined) return natural;
  if (!/^\s*[-+]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+)(?:[eE][-+]?\d+)?\s*$/.test(text)) return undefined;
  return finite(Number(text.replaceAll("_", "")));
}

function canMeanMore(node: ScalarNode): boolean {
  if (node.tag === "!!str" || node.tag === "!!binary") return false;
  return node.plain || /^!!(?:int|float|bool)$/.test(node.tag ?? "");
}

function naturalBoolean(text: string): boolean | undefined {
  if (/^(?:true|True|TRUE|yes|Yes|YES|on|On|ON)$/.test(text)) return true;
  if (/^(?:false|False|FALSE|no|No|NO|off|Off|OFF)$/.test(text)) return false;
  return undefined;
}

function naturalNumber(text: string): number | undefined {
  const digits = text.replaceAll("_", "");
  if (decimalInteger.test(text) || float.test(text)) return finite(Number(digits));
  if (!octalInteger.test(text) && !prefixedInteger.test(text)) return undefined;
  const unsigned = digits.replace(/^[-+]/, "");
  const size = finite(Number(octalInteger.test(text) ? `0o0${unsigned.slice(1)}` : unsigned));
  return size === undefined || !digits.startsWith("-") ? size : -size;
}

function finite(number: number): number | undefined {
  return Number.isFinite(number) ? number : undefined;
}

function integral(number: number): number | undefined {
  return Number.isInteger(number) ? number : undefined;
}

/** What is, or may be, wrong with a value's characters: an error where its field's rule forbids one, else warnings. */
export function findStrayCharacters(
  node: ScalarNode,
  rule: CharacterRule,
  secret: boolean,
): readonly Omit<RawDiagnostic, "path">[] {
  const text = node.text();
  const { origin, range } = node;
  const stray = findStray(text, rule, secret);
  if (stray) {
    const where = stray.isLast ? "at the end" : stray.index === 0 ? "at the start" : `at character ${stray.index + 1}`;
    const message = `this value has ${stray.name} ${where}, which is not allowed here`;
    return [{ severity: "error", code: "INVALID_VALUE", message, hint: wayOut(stray, rule, origin), range }];
  }
  const diagnostics: Omit<RawDiagnostic, "path">[] = [];
  const warn = (message: string, hint: string) =>
    diagnostics.push({ severity: "warning", code: "INVALID_VALUE", message, hint, range });
  // Where a blank is not allowed, the schema refuses it.
  if (rule !== "visible" && text !== text.trim() && text.trim() !== "") {
    const message = `this value has whitespace around it, which is ${rule === "url" ? "ignored" : "part of it"}`;
    warn(message, `remove it${origin === undefined ? "" : ` from the ${origin.noun}`}`);
  }
  if (hasQuotes(text)) {
    warn("this value has quotes around it, which are part of it", (origin ?? literal).withoutQuotes);
  }
  return diagnostics;
}

function hasQuotes(text: string): boolean {
  return text.length > 1 && (text.startsWith('"') || text.startsWith("'")) && text.endsWith(text.charAt(0));
}

/** How to correct a value that the file itself holds. */
const literal: Omit<Origin, "noun"> = {
  withoutQuotes: "write only one pair, which YAML removes",
  withoutLineBreak:
    "a block that starts with | or > ends with one: write |- or >-, or put the value on the line of its key",
};

function wayOut({ character, index, isLast }: StrayCharacter, rule: CharacterRule, origin: Origin | undefined): string {
  if (isLast && character === "\r") {
    return "its source has Windows line endings (CRLF): convert that file to LF, as `dos2unix` does";
  }
  if (isLast && character === "\n") return (origin ?? literal).withoutLineBreak;
  if (index === 0 && character === "\ufeff")
    return "its source is a file that starts with one: save it as UTF-8 without a byte order mark";
  if (rule === "url" && !/[\p{C}\p{Z}]/u.test(character)) return "write it percent-encoded";
  return "retype the value: such characters often come from copying a web page or document";
}
