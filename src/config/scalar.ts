import type { ScalarNode } from "../yaml/node.js";

/** A scalar's meaning where no field defines it. */
export type NaturalValue = string | number | boolean | null;

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
