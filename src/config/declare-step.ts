import { nodeAt } from "../document/at.js";
import type { Finding } from "../document/finding.js";
import type { Declared } from "./declared.js";
import type { IssueSource } from "./issues.js";
import { dotted, type MutedPaths, type ValuePath } from "./path.js";
import type { Step } from "./step.js";
import type { ValidPart } from "./valid-part.js";

/** What a step declares and remarks on, with the places in the file. */
export function declareStep(
  step: Step,
  { config, toWritten }: ValidPart,
  { node, namespace }: Pick<IssueSource, "node" | "namespace">,
  muted: MutedPaths,
  now: Date,
): { readonly declared: readonly Declared[]; readonly findings: readonly Finding[] } {
  if (config === undefined) return { declared: [], findings: [] };
  const placeAt = (path: ValuePath) => nodeAt(node, path).node.place;
  const declared = step.declare(config).map(({ kind, key, state, attributes, path, fields }): Declared => {
    const written = toWritten(path);
    const places = Object.entries(fields ?? {}).map(
      ([name, field]) => [name, placeAt([...written, ...field])] as const,
    );
    const resource = { kind, key, present: state !== "absent", attributes, place: placeAt(written) };
    return {
      resource: fields ? { ...resource, places: Object.fromEntries(places) } : resource,
      path: dotted(namespace, written),
      placeOf: (attribute) => placeAt([...written, attribute]),
    };
  });
  const findings = step.review(config, now).flatMap(({ path, ...remark }): readonly Finding[] => {
    const written = toWritten(path);
    return muted.has(written) ? [] : [{ ...remark, place: placeAt(written), path: dotted(namespace, written) }];
  });
  return { declared, findings };
}
