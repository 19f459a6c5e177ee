import type { Resource } from "../plan/resource.js";
import type { Configuration } from "./configuration.js";
import { refuse } from "./refuse.js";

/**
 * Not every database keeps a NUL character in a text. The program's own steps refuse it field by field; those from elsewhere may
 * let it through.
 *
 * @throws SetupError `INVALID_VALUE` (invalid)
 */
export function refuseUnstorable(configuration: Configuration, resources: readonly Resource[]): void {
  const refusals = resources.flatMap(({ kind, key, attributes, place }) =>
    Object.entries({ key, ...attributes })
      .filter(([, value]) => [value].flat().some((part) => typeof part === "string" && part.includes("\0")))
      .map(([name]) => ({
        reason: "invalid" as const,
        code: "INVALID_VALUE" as const,
        message: `${name} of a resource of the kind ${kind} has a NUL character`,
        hint: "take the character out",
        place,
      })),
  );
  refuse(configuration, refusals);
}
