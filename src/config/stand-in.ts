import { randomBytes } from "node:crypto";
import * as z from "zod";
import { Secret } from "../secrets/secret.js";
import type { Schema, ShapeReader } from "./schema-shape.js";

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
