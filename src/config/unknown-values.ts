import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import type { AttributeValue, Resource } from "../plan/resource.js";
import { isSecret, Secret } from "../secrets/secret.js";
import type { Range, RawDiagnostic } from "../yaml/node.js";
import { nounOf, valueSources } from "../yaml/value-sources.js";
import type { ResourceEntry } from "./declare.js";
import type { Schema, ShapeReader } from "./schema-shape.js";

interface Read {
  readonly declared: readonly ResourceEntry[];
  readonly isWhole: boolean;
  readonly diagnostics: readonly RawDiagnostic[];
}

const hint = "set it for the plan as well, or add a default to value_from";

/**
 * The resources of a part of the file without what depends on missing variables and files: that is what differs
 * between two readings with different stand-ins. What can't be planned without such a value is an error.
 */
export function leaveOutUnknown<Section extends Read>(first: Section, second: Section, range: Range): Section {
  const diagnostics = [...first.diagnostics];
  const isSame = first.declared.length === second.declared.length;
  const isSound = !diagnostics.some(({ severity }) => severity === "error");
  if (isSound && !(first.isWhole && second.isWhole && isSame)) {
    const message = `an entry here can't be planned: it needs a value from a ${nounOf(valueSources)} that is missing`;
    diagnostics.push({ severity: "error", code: "ENV_NOT_SET", message, hint, range });
  }
  const declared = first.declared.map((entry, index) => {
    const { resource } = entry;
    const other = second.declared[index]?.resource;
    if (!other || !isSame) return entry;
    const part = unplannable(resource, other);
    if (part !== undefined) {
      const message = `${part} of this ${resource.kind} comes from a ${nounOf(valueSources)} that is missing, so it can't be planned`;
      diagnostics.push({ severity: "error", code: "ENV_NOT_SET", message, hint, range: resource.range });
      return entry;
    }
    return { ...entry, resource: withoutUnknown(resource, other) };
  });
  return { ...first, declared, diagnostics };
}

function unplannable(resource: Resource, other: Resource): string | undefined {
  const isOther = other.kind !== resource.kind || other.key !== resource.key || other.present !== resource.present;
  if (isOther) return "the name";
  if (other.renamedFrom !== resource.renamedFrom) return "`renamed_from`";
  return isDeepStrictEqual(other.ignored, resource.ignored) ? undefined : "`ignore_changes`";
}

function withoutUnknown(resource: Resource, other: Resource): Resource {
  const names = new Set([...Object.keys(resource.attributes), ...Object.keys(other.attributes)]);
  const unknown = [...names].filter((name) => !isSame(resource.attributes[name], other.attributes[name]));
  const { protect, ...rest } = resource;
  // Whether it is protected stays as it is, for all that is known.
  const left = protect === other.protect ? resource : rest;
  if (unknown.length === 0) return left;
  const known = Object.entries(resource.attributes).filter(([name]) => !unknown.includes(name));
  return { ...left, attributes: Object.fromEntries(known), unknown };
}

function isSame(one: AttributeValue, other: AttributeValue): boolean {
  if (isSecret(one) && isSecret(other)) return one.reveal() === other.reveal();
  return isDeepStrictEqual(one, other);
}

/** Returns a value that a schema accepts, in place of an unknown one; undefined where there is none. */
export type StandIn = (schema: Schema) => unknown;

/**
 * Makes up values that only a variable or a secret file has. The two variants differ in each field, so that exactly what
 * depends on such a value differs between them.
 */
export function createStandIn(variant: 0 | 1, shapeOf: ShapeReader): StandIn {
  return (schema) => {
    const { shape } = shapeOf(schema);
    // A choice with a single value can't show that it was made up.
    if (shape.kind === "choice") return shape.values.length > 1 ? shape.values[variant] : undefined;
    return candidates(variant).find((candidate) => z.safeParse(schema, candidate).success);
  };
}

function candidates(variant: 0 | 1): readonly unknown[] {
  const random = randomBytes(40).toString("hex");
  const short = random.slice(0, 24);
  return [
    // Long enough for HS512, and a new one each time, so that no two look like the same secret used twice.
    new Secret(random),
    variant === 0,
    32 + variant,
    `unknown-${short}`,
    `unknown.u${short}`,
    `https://${short}.example/`,
    `${short}@unknown.example`,
    `${short.slice(0, 8)}-0000-4000-8000-${short.slice(0, 12)}`,
    `299${variant}-01-01T00:00:00Z`,
    `${variant + 1}h`,
  ];
}
