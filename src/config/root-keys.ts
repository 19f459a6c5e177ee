import { invisibleIn } from "../characters.js";
import { nearest } from "../nearest.js";
import { maskName } from "../secrets/random-looking.js";
import { type Document, isBareKey, type MappingEntry, type RawDiagnostic } from "../yaml/node.js";
import { settingsKey } from "./settings-schema.js";
import type { Step } from "./step.js";

/**
 * Root keys of programs that share the file with this one. They are correct, however close they are to one of our keys. The
 * flags have no uniform ending.
 */
const otherPrograms: ReadonlySet<string> = new Set([
  "api_configuration",
  "api_configuration_enabled",
  "autorisaties_api",
  "autorisaties_api_config_enable",
  "dmn_config",
  "dmn_config_enable",
  "external_registers",
  "external_registers_enabled",
  "notifications_abonnementen_config",
  "notifications_abonnementen_config_enable",
  "notifications_config",
  "notifications_config_enable",
  "notifications_kanalen_config",
  "notifications_kanalen_config_enable",
  "notifications_subscriptions_config",
  "notifications_subscriptions_config_enable",
  "objecten",
  "objecten_config_enable",
  "objects_api",
  "objects_api_config_enable",
  "objecttypes",
  "objecttypes_config_enable",
  "openklant",
  "openklant2_config",
  "openklant2_config_enable",
  "openklant_config",
  "openklant_config_enable",
  "openzaak_config",
  "openzaak_config_enable",
  "openzaak_selectielijst_config",
  "openzaak_selectielijst_config_enable",
  "referentielijsten_config",
  "referentielijsten_config_enable",
  "sites_config",
  "sites_config_enable",
  "urn_mapping_config",
  "urn_mapping_config_enable",
  "vng_api_common_applicaties",
  "vng_api_common_applicaties_config_enable",
  "vng_api_common_credentials",
  "vng_api_common_credentials_config_enable",
  "zgw_api_config",
  "zgw_api_config_enable",
  "zgw_consumers",
  "zgw_consumers_config_enable",
]);

/** Reports the root keys that nothing of this program reads. `meant` has the misspelt ones by the key that each stands for. */
export function findUnknownRootKeys(
  documents: readonly Document[],
  steps: readonly Step[],
): { readonly diagnostics: readonly RawDiagnostic[]; readonly meant: ReadonlyMap<string, readonly MappingEntry[]> } {
  const known = rootKeysOf(steps);
  const meant = new Map<string, readonly MappingEntry[]>();
  const diagnostics: RawDiagnostic[] = [];
  for (const entry of documents.flatMap(({ root }) => [...(root?.entries.values() ?? [])])) {
    if (known.has(entry.key)) continue;
    const near = isOfOtherProgram(entry.key) ? undefined : nearest(entry.key, known);
    if (near !== undefined) meant.set(near, [...(meant.get(near) ?? []), entry]);
    diagnostics.push(near === undefined ? unknownKey(entry, known) : misspeltKey(entry, near));
  }
  return { diagnostics, meant };
}

/** A duplicate key that another program reads is for that program to judge: a warning here. */
export function easeForeignDuplicates(
  diagnostics: readonly RawDiagnostic[],
  steps: readonly Step[],
): readonly RawDiagnostic[] {
  const known = rootKeysOf(steps);
  return diagnostics.map((diagnostic) => {
    const { code, path = "" } = diagnostic;
    if (code !== "DUPLICATE_KEY") return diagnostic;
    const [root = ""] = path.split(".");
    if (isOfOtherProgram(root)) return { ...diagnostic, severity: "warning", foreign: true };
    return known.has(root) || nearest(root, known) !== undefined ? diagnostic : { ...diagnostic, severity: "warning" };
  });
}

function rootKeysOf(steps: readonly Step[]): ReadonlySet<string> {
  return new Set([...steps.flatMap(({ flag, namespace }) => [flag, namespace]), settingsKey]);
}

function misspeltKey({ key, keyRange }: MappingEntry, near: string): RawDiagnostic {
  return {
    severity: "error",
    code: "UNKNOWN_FIELD",
    message: `unknown key \`${maskName(key)}\` at the root`,
    hint: `did you mean \`${near}\`?`,
    range: keyRange,
    path: key,
  };
}

function unknownKey(entry: MappingEntry, known: ReadonlySet<string>): RawDiagnostic {
  const { key, keyRange } = entry;
  const invisible = invisibleIn(key);
  if (invisible !== undefined || isBareKey(entry)) {
    const message = invisible === undefined ? "a key without a colon" : `${invisible} in the name of a key`;
    const hint = "write the key, a colon and a space, and indent the lines below it with ordinary spaces";
    return {
      severity: "warning",
      code: "UNKNOWN_ROOT_KEY",
      message: `${message} at the root is ignored`,
      hint,
      range: keyRange,
    };
  }
  const diagnostic = { severity: "warning", code: "UNKNOWN_ROOT_KEY", range: keyRange, path: key } as const;
  if (isOfOtherProgram(key))
    return { ...diagnostic, foreign: true, message: `\`${key}\` belongs to another program and is ignored here` };
  const hint = `ignore this if another program reads it; vtb-setup reads ${[...known].join(", ")}`;
  return { ...diagnostic, message: `unknown key \`${maskName(key)}\` at the root is ignored`, hint };
}

/** In any case, since the other program may ignore case. */
function isOfOtherProgram(key: string): boolean {
  return otherPrograms.has(key.toLowerCase());
}
