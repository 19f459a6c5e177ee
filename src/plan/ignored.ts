import type { CurrentResource, PlanInput } from "./kind.js";
import type { AttributeSpec, AttributeSpecs } from "./kind-shape.js";
import type { AttributeValue, Resource } from "./resource.js";

/** The desired resources, with the values of their rows where files ignore changes. */
export function keepIgnored({ kinds, desired, current }: PlanInput): readonly Resource[] {
  if (desired.every(({ ignored }) => ignored === undefined)) return desired;
  const specs = new Map(kinds.map(({ name, attributes }) => [name, attributes]));
  const rows = new Map([...current].map(([kind, found]) => [kind, new Map(found.map((row) => [row.key, row]))]));
  return desired.map((resource) => {
    const row = rows.get(resource.kind)?.get(resource.key);
    return row && resource.ignored && resource.present
      ? keepOf(resource, row, specs.get(resource.kind) ?? {})
      : resource;
  });
}

function keepOf(resource: Resource, row: CurrentResource, specs: AttributeSpecs): Resource {
  const given = new Set(resource.ignored);
  const ignored = Object.entries(specs).flatMap(([name, { follows = "" }]) =>
    given.has(name) || given.has(follows) ? [name] : [],
  );
  const kept = ignored.map((name) => [name, keptValue(specs[name], row.attributes[name])]);
  const { unknown, ...rest } = resource;
  const unknownLeft = unknown?.filter((name) => !ignored.includes(name)) ?? [];
  return {
    ...rest,
    ignored,
    attributes: { ...resource.attributes, ...Object.fromEntries(kept) },
    ...(unknownLeft.length > 0 && { unknown: unknownLeft }),
  };
}

/** What is stored may have another type than what a step gives, such as a digest for a secret: an optional one is left out then. */
function keptValue(spec: AttributeSpec | undefined, stored: AttributeValue): AttributeValue {
  const isDesirable = spec?.accepts(stored) === true && !spec.updateOnly;
  return isDesirable || !spec?.optional ? stored : undefined;
}
