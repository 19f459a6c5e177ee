import type { Problem } from "../errors.js";
import { maskName, maskRandom } from "../secrets/random-looking.js";
import { quoteLine } from "./excerpt.js";
import type { Finding } from "./finding.js";
import type { ScalarNode, Source } from "./node.js";

/**
 * Findings as problems, with the line of each: in the order of the sources, then of their lines, what has no place last; each
 * once. In a quoted line every value is hidden but those `shown`, which a schema has found harmless. What stands where a name
 * belongs may be a secret: where it looks random, it is masked in all that is told.
 */
export function quoteSource(
  findings: readonly Finding[],
  sources: readonly Source[],
  shown: ReadonlySet<ScalarNode>,
): readonly Problem[] {
  const order = new Map(sources.map(({ file }, index) => [file, index]));
  const byFile = new Map(sources.map((source) => [source.file, source]));
  const rank = ({ place }: Finding): number => (place ? (order.get(place.position.file) ?? sources.length) : Infinity);
  const sorted = [...findings].sort((one, other) => {
    if (rank(one) !== rank(other)) return rank(one) < rank(other) ? -1 : 1;
    return (one.place?.start ?? 0) - (other.place?.start ?? 0);
  });
  const seen = new Set<string>();
  return sorted.flatMap(({ place, ...finding }) => {
    const identity = JSON.stringify([finding.code, place?.position.file, place?.start, finding.message]);
    if (seen.has(identity)) return [];
    seen.add(identity);
    const source = place && byFile.get(place.position.file);
    const excerpt = source && quoteLine(source, place, shown);
    return [{ ...withoutSecrets(finding), ...(place && { position: place.position }), ...(excerpt && { excerpt }) }];
  });
}

function withoutSecrets<Told extends Omit<Finding, "place">>(told: Told): Told {
  const { message, hint, path } = told;
  return {
    ...told,
    message: maskRandom(message),
    ...(hint !== undefined && { hint: maskRandom(hint) }),
    // It holds nothing but keys and indexes.
    ...(path !== undefined && { path: path.split(".").map(maskName).join(".") }),
  };
}
