import type { Source } from "../../access/effective.js";
import type { ClientRule, HeldPermission } from "../../access/listing.js";
import { shown } from "../../report/table.js";
import { type Html, html } from "../html/html.js";
import { list, table } from "../html/parts.js";
import type { View } from "../view.js";
import { accessTexts } from "./texts.js";

/** The address of what a user may. */
export function userAccessUrl(view: View, username: string): string {
  return view.url("/access/user", { name: username });
}

export function tokenAccessUrl(view: View, identifier: string): string {
  return view.url("/access/token", { name: identifier });
}

export function permissionUrl(view: View, permission: string): string {
  return view.url("/access/permission", { name: permission });
}

/** What gives a right: a file, a person or a sign-in's claims, itself or through a group. */
export function sourceList({ language }: Pick<View, "language">, sources: readonly Source[]): Html {
  const t = accessTexts[language].sources;
  return list(
    sources.map((source) => {
      if (source.kind === "group") return t.group[source.membership](shown(source.group.name));
      return source.kind === "own" ? t.own[source.origin] : t.superuser;
    }),
  );
}

/** Permissions with what gives each; `empty` is said without any. */
export function permissionTable(
  view: View,
  permissions: readonly HeldPermission[],
  caption: string,
  empty: string,
): Html {
  const t = accessTexts[view.language];
  return table<HeldPermission>(view, {
    caption,
    rows: permissions,
    empty,
    columns: [
      {
        heading: t.permission.name,
        cell: ({ permission }) => html`<a href="${permissionUrl(view, permission)}">${shown(permission)}</a>`,
      },
      { heading: t.through, cell: ({ sources }) => sourceList(view, sources) },
    ],
  });
}

/** What claims give to whom; `empty` is said without any. */
export function ruleTable(
  view: View,
  rules: readonly ClientRule[],
  empty = accessTexts[view.language].rules.none,
): Html {
  const t = accessTexts[view.language].rules;
  return html`<h2>${t.title}</h2>
${table<ClientRule>(view, {
  caption: t.lead,
  rows: rules,
  empty,
  columns: [
    { heading: t.who, cell: (rule) => claimant(view, rule) },
    { heading: t.client, cell: ({ client }) => shown(client.identifier) },
    { heading: t.gives, cell: (rule) => gives(view, rule) },
  ],
})}`;
}

function claimant({ language }: View, { claimant: whose }: ClientRule): string {
  const t = accessTexts[language].rules;
  if (whose.kind === "everyone") return t.everyone;
  return whose.kind === "group" ? t.group(shown(whose.name)) : t.claim(shown(whose.path));
}

function gives(view: View, { access }: ClientRule): Html {
  const t = accessTexts[view.language].rules;
  return list([
    ...(access.isSuperuser ? [t.superuser] : []),
    ...(access.isStaff ? [t.staff] : []),
    ...[...access.permissions.keys()].map(
      (permission) => html`<a href="${permissionUrl(view, permission)}">${shown(permission)}</a>`,
    ),
  ]);
}
