import type { ScalarNode, Source } from "./node.js";

/** The sources with more of them hidden when they are quoted; file order is kept. */
export function hideScalars(sources: readonly Source[], more: readonly ScalarNode[]): readonly Source[] {
  if (more.length === 0) return sources;
  return sources.map((source) => {
    const own = more.filter(({ place }) => place.position.file === source.file);
    if (source.scalars === undefined || own.length === 0) return source;
    // A key without a value is among them already.
    const byStart = new Map([...source.scalars, ...own].map((scalar) => [scalar.place.start, scalar]));
    return { ...source, scalars: [...byStart.values()].sort((one, other) => one.place.start - other.place.start) };
  });
}
