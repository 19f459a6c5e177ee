import type * as z from "zod";
import type { Node, RawDiagnostic } from "../yaml/node.js";
import { bind } from "./bind.js";
import { createShapeReader } from "./schema-shape.js";
import { validatePart } from "./valid-part.js";
import type { Visibility } from "./visibility.js";

/** A separate document, without variables, as its schema has it. */
interface WholeDocument<Schema extends z.ZodType> {
  /** Undefined where something in it is not valid. */
  readonly config: z.output<Schema> | undefined;
  readonly diagnostics: readonly RawDiagnostic[];
  /** Adds what a quoted line may show. */
  readonly addVisible: (visibility: Visibility) => void;
}

/** Validates a whole document that is no configuration, such as a catalogue. */
export function validateWhole<Schema extends z.ZodType>(schema: Schema, node: Node): WholeDocument<Schema> {
  const source = { namespace: "", schema, node, shapeOf: createShapeReader() };
  const { value, muted, diagnostics: found } = bind(schema, node, source);
  const part = validatePart(schema, value, source, muted);
  const diagnostics = [...found, ...part.diagnostics];
  // The output of this schema.
  const config = part.isWhole ? (part.config as z.output<Schema>) : undefined;
  return { config, diagnostics, addVisible: (visibility) => void bind(schema, node, { ...source, visibility }) };
}
