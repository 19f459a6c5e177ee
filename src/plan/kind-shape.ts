import { isSecret, type Secret } from "../secrets/secret.js";
import type { Attributes, AttributeValue, ConfigPath, PlainValue, Resource, StepResource } from "./resource.js";

/** Which values an attribute takes. */
export interface ValueType<Value extends AttributeValue = AttributeValue> {
  /** For messages, such as `a text`. */
  readonly expected: string;
  readonly accepts: (value: unknown) => value is Value;
}

/** How plan and report treat one attribute, and which values a step may give it. */
export interface AttributeSpec<Value extends AttributeValue = AttributeValue, Optional extends boolean = boolean>
  extends ValueType<Value> {
  /** Whether a step may leave it out, which leaves an existing row's value as it is. */
  readonly optional: Optional;
  /** Its values are never shown, only that they changed. */
  readonly sensitive?: boolean;
  /** Set when a row is created and left alone afterwards. */
  readonly createOnly?: boolean;
  /** Compared with an existing row; a new row has none. */
  readonly updateOnly?: boolean;
  /** The names under which runs other than `apply` record that they changed it, where that is not its own. */
  readonly recordedAs?: readonly string[];
  /**
   * Which of its texts name nobody and no host, so that a sanitized export keeps them: all, or those for which this is true; by default
   * none. The path has the keys of mappings that lead to the text.
   */
  readonly neutral?: true | ((text: string, path: readonly string[]) => boolean);
  /** Its texts are permissions, which a catalogue must have. */
  readonly holdsPermissions?: true;
  /** The kind that its value (or each of its values, or each key of its mapping) is a key of. */
  readonly references?: string;
  /** Its value with other names, for an attribute that holds names inside of others; those that it `references` need none. */
  readonly withNames?: (value: AttributeValue, nameOf: (kind: string, key: string) => string) => AttributeValue;
  /** The attribute that decides what this one means: where changes of that one are ignored, so are those of this one. */
  readonly follows?: string;
  /** Where it is true, writing it generates a secret that is shown once. */
  readonly generates?: boolean;
  /** No two resources can share its value; one that appears under a new key is a rename. */
  readonly identity?: (desired: AttributeValue) => string | undefined;
  /** Whether the desired value equals the stored one; by default, deep equality. */
  readonly same?: (desired: AttributeValue, stored: AttributeValue) => boolean;
}

export type AttributeSpecs = Readonly<Record<string, AttributeSpec>>;

type ValueOf<Spec> = Spec extends AttributeSpec<infer Value> ? Value : never;

type OptionalNames<Specs> = {
  [Name in keyof Specs]: Specs[Name] extends AttributeSpec<AttributeValue, true> ? Name : never;
}[keyof Specs];

/** The values that a step gives to attributes with these specifications. */
export type AttributesOf<Specs> = {
  readonly [Name in Exclude<keyof Specs, OptionalNames<Specs>>]: ValueOf<Specs[Name]>;
} & { readonly [Name in OptionalNames<Specs>]?: ValueOf<Specs[Name]> | undefined };

/** A table whose rows files name by their key: what a column refers to. */
export interface ReferenceTarget {
  /** The kind's. */
  readonly name: string;
  readonly table: string;
  readonly keyColumn: string;
}

/** A kind's name and attributes: all that a step needs to make its resources, and nothing of how they are stored. */
export interface KindShape<A extends Attributes = Attributes, Name extends string = string> extends ReferenceTarget {
  readonly name: Name;
  readonly attributes: AttributeSpecs;
  /** Kinds whose rows must exist before this one's: they are written first and deleted last. */
  readonly dependsOn: readonly string[];
  /** Its keys are names that people choose freely: two that look alike get a warning. */
  readonly hasFreeNames?: boolean;
  /** Keys that mean the same in every database, and so name nobody. */
  readonly standardKeys?: readonly string[];
  /**
   * A resource that must exist, for a step's `declare` to return.
   *
   * @param path where it stands in the step's namespace, such as `["items", 0]`
   * @param fields the paths of attributes that are not fields themselves, relative to `path`
   */
  resource(
    key: string,
    attributes: A,
    path: ConfigPath,
    fields?: { readonly [Attribute in keyof A]?: ConfigPath },
  ): StepResource<Name>;
  /** A resource that must not exist. */
  absent(key: string, path: ConfigPath): StepResource<Name>;
  /** Whether a resource is one of this kind, and so has its attributes. */
  is(resource: Resource): resource is Resource<A>;
  /** The resources of this kind among others. */
  resourcesOf(resources: readonly Resource[]): readonly Resource<A>[];
}

/** A resource of one kind, with its attributes. */
export type ResourceOf<Shape> = Shape extends KindShape<infer A> ? Resource<A> : never;

interface ShapeDefinition<Name extends string, Specs extends AttributeSpecs> {
  readonly name: Name;
  readonly table: string;
  readonly keyColumn: string;
  readonly attributes: Specs;
  readonly hasFreeNames?: boolean;
  readonly standardKeys?: readonly string[];
  readonly dependsOn?: readonly string[];
}

/** Creates the part of a kind that steps use. */
export function createKindShape<const Name extends string, Specs extends AttributeSpecs>(
  definition: ShapeDefinition<Name, Specs>,
): KindShape<AttributesOf<Specs>, Name> {
  type A = AttributesOf<Specs>;
  const { name: kind, attributes: specs, dependsOn = [] } = definition;
  const referred = Object.values(specs).flatMap(({ references }) => references ?? []);
  const is = (resource: Resource): resource is Resource<A> => resource.kind === kind;
  // The mark exists for the compiler alone; what receives the resource checks the rest.
  const made = (resource: Omit<StepResource<Name>, symbol>) => resource as StepResource<Name>;
  return {
    ...definition,
    dependsOn: [...new Set([...dependsOn, ...referred])],
    resource: (key, attributes, path, fields) =>
      made({ kind, key, attributes, path, ...(fields && { fields: fields as Readonly<Record<string, ConfigPath>> }) }),
    absent: (key, path) => made({ kind, key, state: "absent", attributes: {}, path }),
    is,
    resourcesOf: (resources) => resources.filter(is),
  };
}

export const textType: ValueType<string> = {
  expected: "a text",
  accepts: (value) => typeof value === "string",
};

export const integerType: ValueType<number> = {
  expected: "a whole number",
  accepts: (value): value is number => Number.isSafeInteger(value),
};

export const booleanType: ValueType<boolean> = {
  expected: "true or false",
  accepts: (value) => typeof value === "boolean",
};

export const secretType: ValueType<Secret> = {
  expected: "a secret, which a field made with `secret()` has",
  accepts: isSecret,
};

export const textsType: ValueType<readonly string[]> = {
  expected: "a list of texts",
  accepts: (value): value is readonly string[] =>
    Array.isArray(value) && value.every((item) => typeof item === "string"),
};

/** What JSON can hold. */
export function plainType<Value extends PlainValue>(): ValueType<Value> {
  // Only the shape of plain values is known here; which of them these are is the author's word.
  return {
    expected: "a value that JSON can hold, without secrets",
    accepts: isPlain as (value: unknown) => value is Value,
  };
}

function isPlain(value: unknown): value is PlainValue {
  if (Array.isArray(value)) return value.every(isPlain);
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || value === null)
    return ["string", "boolean"].includes(typeof value) || value === null;
  const isLiteral = [Object.prototype, null].includes(Object.getPrototypeOf(value));
  return isLiteral && Object.values(value).every(isPlain);
}

export function orNull<Value extends AttributeValue>({ expected, accepts }: ValueType<Value>): ValueType<Value | null> {
  return {
    expected: `${expected}, or null`,
    accepts: (value): value is Value | null => value === null || accepts(value),
  };
}
