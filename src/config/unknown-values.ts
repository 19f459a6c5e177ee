import { isDeepStrictEqual } from "node:util";
import type { AttributeValue, Resource } from "../plan/resource.js";
import { isSecret } from "../secrets/secret.js";
import type { Range, RawDiagnostic } from "../yaml/node.js";
import type { Declared } from "./declare.js";

interface Read {
  readonly declared: readonly Declared[];
  readonly isWhole: boolean;
  readonly findings: readonly RawDiagnostic[];
}

const hint = "set it for the plan as well, or add a default inside of value_from";

/**
 * The resources of a part of the file without what depends on missing variables and files: that is what differs
 * between two readings with different stand-ins. What can't be planned without such a value is an error.
 */
export function leaveOutUnknown<Section extends Read>(first: Section, second: Section, range: Range): Section {
  const findings = [...first.findings];
  const isSame = first.declared.length === second.declared.length;
  const isSound = !findings.some(({ severity }) => severity === "error");
  if (isSound && !(first.isWhole && second.isWhole && isSame)) {
    const message = "an entry here can't be planned without a value that a variable or file has which is not there";
    findings.push({ severity: "error", code: "ENV_NOT_SET", message, hint, range });
  }
  const declared = first.declared.map((entry, index) => {
    const { resource } = entry;
    const other = second.declared[index]?.resource;
    if (!other || !isSame) return entry;
    if (other.kind !== resource.kind || other.key !== resource.key || other.present !== resource.present) {
      const message = `the name of this ${resource.kind} comes from a variable or file that is not there, so it can't be planned`;
      findings.push({ severity: "error", code: "ENV_NOT_SET", message, hint, range: resource.range });
      return entry;
    }
    return { ...entry, resource: withoutUnknown(resource, other) };
  });
  return { ...first, declared, findings };
}

function withoutUnknown(resource: Resource, other: Resource): Resource {
  const names = new Set([...Object.keys(resource.attributes), ...Object.keys(other.attributes)]);
  const unknown = [...names].filter((name) => !isSame(resource.attributes[name], other.attributes[name]));
  if (unknown.length === 0) return resource;
  const known = Object.entries(resource.attributes).filter(([name]) => !unknown.includes(name));
  return { ...resource, attributes: Object.fromEntries(known), unknown };
}

function isSame(one: AttributeValue, other: AttributeValue): boolean {
  if (isSecret(one) && isSecret(other)) return one.reveal() === other.reveal();
  return isDeepStrictEqual(one, other);
}
