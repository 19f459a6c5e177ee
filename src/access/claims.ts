import { showPath } from "../users/claim-values.js";
import { type Access, addGroup, type Source } from "./effective.js";
import type { AccessFacts, ClientFacts, GroupFacts } from "./facts.js";

/** Whom a rule of a client is for: everyone who authenticates through it, or those with a group or a true claim. */
export type Claimant =
  | { readonly kind: "everyone" }
  | { readonly kind: "group"; readonly name: string }
  | { readonly kind: "claim"; readonly path: string };

/** What claims give, beside what a file or a person gave the user. */
export interface ClaimRule {
  readonly claimant: Claimant;
  readonly access: Access;
}

/** Whether anybody can authenticate through a client. */
export function isOpen({ providers }: Pick<AccessFacts, "providers">, client: ClientFacts): boolean {
  return client.isEnabled && providers.has(client.providerId) && client.mapping.usernamePath.length > 0;
}

/** What a client's claims give, to whom; nothing through a client that accepts nobody. Rules that give nothing are left out. */
export function claimRules(
  facts: Pick<AccessFacts, "groups" | "providers">,
  client: ClientFacts,
): readonly ClaimRule[] {
  if (!isOpen(facts, client)) return [];
  const { fields, groupsPath, superuserGroups } = client.mapping;
  const groups = [...facts.groups.values()];
  const byName = new Map(groups.map((group) => [group.name, group]));
  const flags = fields.filter(({ field }) => field === "is_superuser" || field === "is_staff");
  const claimed = groupsPath ? new Set([...groups.map(({ name }) => name), ...superuserGroups]) : [];
  const rules: readonly ClaimRule[] = [
    { claimant: { kind: "everyone" }, access: everyoneAccess(client, groups) },
    ...[...claimed].map((name) => ({
      claimant: { kind: "group", name } as const,
      access: groupAccess(client, name, byName.get(name)),
    })),
    ...flags.map(({ field, path }) => ({
      claimant: { kind: "claim", path: showPath(path) } as const,
      access: { isSuperuser: field === "is_superuser", isStaff: field === "is_staff", permissions: new Map() },
    })),
  ];
  return rules.filter(({ access }) => access.isSuperuser || access.isStaff || access.permissions.size > 0);
}

/** How claims make members of a group: through which client, and who. */
export interface ClaimedMembership {
  readonly client: string;
  /** Where the names of groups are in the claims; undefined where everyone through the client is a member. */
  readonly path: string | undefined;
}

/** Through which clients people become members of a group, with or without the group's name in their claims. */
export function claimedMemberships(
  { clients, providers }: Pick<AccessFacts, "clients" | "providers">,
  group: string,
): readonly ClaimedMembership[] {
  return [...clients.values()].flatMap((client): readonly ClaimedMembership[] => {
    if (!isOpen({ providers }, client)) return [];
    const { identifier, mapping } = client;
    if (mapping.defaultGroups.includes(group)) return [{ client: identifier, path: undefined }];
    if (mapping.groupsPath === undefined || !mapping.fitsPattern(group)) return [];
    return [{ client: identifier, path: showPath(mapping.groupsPath) }];
  });
}

const byClaim = { origin: "claim", until: null } as const;

function everyoneAccess({ mapping }: ClientFacts, groups: readonly GroupFacts[]): Access {
  const permissions = new Map<string, Source[]>();
  for (const group of groups) if (mapping.defaultGroups.includes(group.name)) addGroup(permissions, group, byClaim);
  return { isSuperuser: false, isStaff: mapping.makesStaff, permissions };
}

/** A claimed name makes a member of a group that exists, and a superuser whether it exists or not. */
function groupAccess({ mapping }: ClientFacts, name: string, group: GroupFacts | undefined): Access {
  const permissions = new Map<string, Source[]>();
  if (group && mapping.fitsPattern(name)) addGroup(permissions, group, byClaim);
  return { isSuperuser: mapping.superuserGroups.has(name), isStaff: false, permissions };
}
