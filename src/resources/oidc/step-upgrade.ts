import type { Upgrade } from "../../config/step.js";
import type { PlainValue } from "../../plan/resource.js";
import { slugPattern } from "../../users/names.js";
import type { MappingNode, Node } from "../../yaml/node.js";
import type { FieldContent, WrittenField } from "../../yaml/rewrite-parts.js";
import {
  defaultGroups,
  defaultMappings,
  defaultUsername,
  flatGroupsClaim,
  flatOptionNames,
  flatOptionPlaces,
} from "./step-flat-options.js";
import { inlineProviderFields, inlineProviderName } from "./step-schema.js";

/** How clients that hold their provider and their options themselves are written today. */
export function upgradeOidc(namespace: Node): readonly Upgrade[] {
  const items = itemsOf(namespace, "items");
  const providers = new Set(itemsOf(namespace, "providers").map((provider) => textOf(provider, "identifier")));
  return items.flatMap((item, index) => {
    if (item.kind !== "mapping" || textOf(item, "state") === "absent") return [];
    return upgradeClient(item, index, providers);
  });
}

/** Either part of a client moves as a whole, or stays as it is. */
interface Part {
  readonly fields: readonly WrittenField[];
  readonly provider?: readonly WrittenField[];
  readonly obstacles: readonly Obstacle[];
}

interface Obstacle {
  readonly field: string;
  readonly message: string;
  readonly hint: string;
}

const nothing: Part = { fields: [], obstacles: [] };

function upgradeClient(
  item: MappingNode,
  index: number,
  providers: ReadonlySet<string | undefined>,
): readonly Upgrade[] {
  const [connection, options] = [moveProvider(item, providers), moveOptions(item)];
  const fields = [...connection.fields, ...options.fields];
  const other = connection.provider && { list: "providers", fields: connection.provider };
  return [
    ...[...connection.obstacles, ...options.obstacles].map(
      ({ field, ...reported }): Upgrade => ({ kind: "by_hand", path: ["items", index, field], ...reported }),
    ),
    ...(fields.length > 0 ? [{ kind: "rewrite", rewrite: { entry: ["items", index], fields, other } } as const] : []),
  ];
}

function moveProvider(item: MappingNode, providers: ReadonlySet<string | undefined>): Part {
  const present = inlineProviderFields.filter((name) => isWritten(item, name));
  if (present.length === 0) return nothing;
  const named = item.entries.get("oidc_provider_identifier");
  if (named) {
    const isEmpty = textOf(item, "oidc_provider_identifier") === "";
    const refuse = (field: string): Obstacle => ({
      field,
      message: isEmpty
        ? "the provider's identifier is empty"
        : `\`${field}\` has no effect beside \`oidc_provider_identifier\``,
      hint: isEmpty
        ? "remove the empty `oidc_provider_identifier`, and run upgrade again"
        : `remove it, or move it to \`providers[].${field}\``,
    });
    return { fields: [], obstacles: isEmpty ? [refuse("oidc_provider_identifier")] : present.map(refuse) };
  }
  const identifier = textOf(item, "identifier");
  if (identifier === undefined || !slugPattern.test(identifier)) {
    const hint = "write the identifier itself, and run upgrade again; or write the provider by hand under `providers`";
    return blocked("identifier", "the provider is named after this identifier, which the file does not tell", hint);
  }
  const name = inlineProviderName(identifier);
  if (providers.has(name)) {
    const hint =
      "rename that one, and run upgrade again; or name it in `oidc_provider_identifier`, and remove the fields here";
    return blocked(present[0] ?? "identifier", `there is another provider called \`${name}\``, hint);
  }
  const provider: readonly WrittenField[] = [
    { name: "identifier", content: { kind: "text", text: name } },
    ...present.map((from): WrittenField => ({ name: from, content: { kind: "moved", from } })),
    // It stays at the client; the provider that it held had the same setting.
    ...(item.entries.has("oidc_use_pkce")
      ? [{ name: "oidc_use_pkce", content: { kind: "copied", from: "oidc_use_pkce" } } as const]
      : []),
  ];
  const fields: readonly WrittenField[] = [{ name: "oidc_provider_identifier", content: { kind: "text", text: name } }];
  return { fields, provider, obstacles: [] };
}

/** Lists, of which a part would otherwise come from a default. */
const wholeFields = ["username_claim", "claim_mapping", "groups_claim"] as const;

function moveOptions(item: MappingNode): Part {
  const present = flatOptionNames.filter((name) => item.entries.has(name));
  if (present.length === 0) return nothing;
  const options = item.entries.get("options")?.value;
  if (options?.kind === "mapping" && options.entries.size > 0) {
    const hint = "remove it, or move it into `options`";
    const obstacles = present.map((field) => ({
      field,
      message: `\`${field}\` has no effect beside \`options\``,
      hint,
    }));
    return { fields: [], obstacles };
  }
  if (options) return blocked("options", "`options` is empty", "remove it, and run upgrade again");
  const foreign = wholeFields.find((name) => valueFrom(item.entries.get(name)?.value));
  if (foreign) {
    return blocked(
      foreign,
      `\`${foreign}\` comes from \`value_from\``,
      "write the value itself, and run upgrade again",
    );
  }
  const mapping = item.entries.get("claim_mapping")?.value;
  const hasUsername = mapping?.kind === "mapping" && mapping.entries.has("username");
  if (hasUsername && item.entries.has("username_claim")) {
    const hint = "remove it, and run upgrade again";
    return blocked("username_claim", "`username_claim` has no effect beside `username` in `claim_mapping`", hint);
  }
  const settings: readonly WrittenField[] = [
    {
      name: "user_settings",
      content: { kind: "mapping", fields: [{ name: "claim_mappings", content: mappings(item, hasUsername) }] },
    },
    { name: "groups_settings", content: { kind: "mapping", fields: groupSettings(item) } },
  ];
  return { fields: [{ name: "options", content: { kind: "mapping", fields: settings } }], obstacles: [] };
}

/** With what is left to a default, since the defaults beside a written part are others. */
function mappings(item: MappingNode, hasUsername: boolean): FieldContent {
  const username = { name: "username", content: movedOr(item, "username_claim", defaultUsername) };
  if (item.entries.has("claim_mapping")) {
    return { kind: "moved", from: "claim_mapping", more: hasUsername ? [] : [username] };
  }
  const others = Object.entries(defaultMappings).map(([name, claim]) => ({ name, content: written(claim) }));
  return { kind: "mapping", fields: [username, ...others] };
}

function groupSettings(item: MappingNode): readonly WrittenField[] {
  return Object.entries({ ...defaultGroups, claim_mapping: flatGroupsClaim }).map(([name, fallback]) => ({
    name,
    content: movedOr(item, flatNames.get(name) ?? name, fallback),
  }));
}

const groupsPlace = "options.groups_settings.";

/** The deprecated fields of `groups_settings`, by their names there. */
const flatNames: ReadonlyMap<string, string> = new Map(
  Object.entries(flatOptionPlaces)
    .filter(([, place]) => place.startsWith(groupsPlace))
    .map(([name, place]) => [place.slice(groupsPlace.length), name]),
);

function movedOr(item: MappingNode, from: string, fallback: PlainValue): FieldContent {
  return item.entries.has(from) ? { kind: "moved", from } : written(fallback);
}

function written(value: PlainValue): FieldContent {
  return { kind: "text", text: yamlOf(value) };
}

function yamlOf(value: PlainValue): string {
  if (Array.isArray(value)) return `[${value.map((item: PlainValue) => yamlOf(item)).join(", ")}]`;
  return typeof value === "string" && /^[a-z_]+$/.test(value) ? value : JSON.stringify(value);
}

function blocked(field: string, message: string, hint: string): Part {
  return { fields: [], obstacles: [{ field, message, hint }] };
}

function isWritten(item: MappingNode, name: string): boolean {
  const value = item.entries.get(name)?.value;
  return value !== undefined && !(value.kind === "scalar" && value.isNull());
}

function itemsOf(namespace: Node, name: string): readonly Node[] {
  const list = namespace.kind === "mapping" ? namespace.entries.get(name)?.value : undefined;
  return list?.kind === "sequence" ? list.items : [];
}

function textOf(node: Node, name: string): string | undefined {
  const value = node.kind === "mapping" ? node.entries.get(name)?.value : undefined;
  return value?.kind === "scalar" ? value.text() : undefined;
}

function valueFrom(node: Node | undefined): boolean {
  return node?.kind === "mapping" && node.entries.has("value_from");
}
