import { type Named, writeNamed } from "../access/find-named.js";
import { countHolders } from "../access/listing.js";
import type { AccessRow } from "../access/rows.js";
import {
  type AccessView,
  describeAccessPrincipal,
  describeDetails,
  describePosition,
  describeReason,
  describeThrough,
  type HeldRight,
  viewRights,
} from "./access-list.js";
import type { Cell, Fact, HtmlPage, TableSection } from "./html-page.js";
import { minute } from "./table.js";

interface PageOptions {
  /** What the page is about: the database, or the files. */
  readonly source: readonly Fact[];
  readonly version: string;
}

type PrincipalKind = AccessRow["principal"]["kind"];

const sections: readonly (Pick<TableSection, "title" | "lead" | "empty"> & {
  readonly kind: PrincipalKind;
  readonly heading: string;
})[] = [
  {
    kind: "user",
    title: "Users",
    heading: "User",
    empty: "No user may do anything.",
    lead: "What each user may do after signing in. Tokens of the user that are narrowed to other rights may not do it.",
  },
  {
    kind: "token",
    title: "API tokens",
    heading: "API token",
    empty: "No API token may do anything.",
    lead: "What each token may do: what its user may do, narrowed to what the token names.",
  },
  {
    kind: "claims",
    title: "Sign-ins",
    heading: "Who signs in",
    empty: "Signing in gives no rights.",
    lead: "What people get, beside what their user has, when they authenticate through a client with these claims.",
  },
];

/** Who may do what, for a browser. */
export function accessPage(view: AccessView, { source, version }: PageOptions): HtmlPage {
  const { asked, nowMs } = view;
  return {
    title: titleOf(asked),
    lead: leadOf(asked),
    facts: [
      ...source,
      ["Made at", { time: new Date(nowMs).toISOString() }],
      ["Made by", `vtb-setup ${version}`],
      ...(asked === undefined ? superusers(view) : []),
      ...describeDetails(view).map(([name, lines]): Fact => [name, { lines }]),
    ],
    sections: [
      ...sections.filter(({ kind }) => isAbout(asked, kind)).map((section) => rightsSection(view, section)),
      ...withoutSection(view),
    ],
  };
}

function titleOf(asked: Named | undefined): string {
  if (asked === undefined) return "Who may do what";
  return asked.kind === "permission" ? `Who may ${asked.permission}` : `What ${writeNamed(asked)} may do`;
}

function leadOf(asked: Named | undefined): string {
  if (asked?.kind === "permission")
    return "Everyone who has this permission, and through what. Superusers have every one.";
  return "Each right with everything that it comes from. A superuser may do everything; other rights of superusers are what they would have anyway.";
}

function superusers({ facts, nowMs }: AccessView): readonly Fact[] {
  const { superusers: users, superuserTokens: tokens } = countHolders(facts, nowMs);
  const names = [...users.map((name) => `user:${name}`), ...tokens.map((name) => `token:${name}`)];
  return [["May do everything", names.length === 0 ? "nobody" : { lines: names }]];
}

function isAbout(asked: Named | undefined, kind: PrincipalKind): boolean {
  if (asked === undefined || asked.kind === "permission") return true;
  return (asked.kind === "client" ? "claims" : asked.kind) === kind;
}

function rightsSection(
  view: AccessView,
  { kind, title, lead, empty, heading }: (typeof sections)[number],
): TableSection {
  // Claims end when the sign-in's do, and no token narrows them.
  const more = { user: ["Ends", "Narrowed away by"], token: ["Ends"], claims: [] }[kind];
  const columns = [heading, "May do", "Through", ...more, ...(view.rangeOf ? ["Where"] : [])];
  return { kind: "table", title, lead, empty, columns, rows: rightsRows(view, kind) };
}

function* rightsRows(view: AccessView, kind: PrincipalKind): Generator<readonly Cell[]> {
  for (const rights of viewRights(view)) {
    for (const right of rights) if (right.principal.kind === kind) yield rightCells(view, right);
  }
}

function rightCells({ rangeOf }: AccessView, { principal, right, rows, until }: HeldRight): readonly Cell[] {
  const ends: Cell = until === null ? "" : { time: until };
  const narrowed = rows[0]?.narrowedAwayBy.map((token) => writeNamed({ kind: "token", token })) ?? [];
  const more = { user: [ends, linesOf(narrowed)], token: [ends], claims: [] }[principal.kind];
  const isFlag = rows[0]?.right.kind !== "permission";
  return [
    nameOf(principal),
    isFlag ? { mark: right, ...(right === "superuser" && { as: "bad" }) } : right,
    linesOf(rows.map((row) => throughOf(row, until))),
    ...more,
    ...(rangeOf ? [linesOf(rows.map((row) => describePosition(row, rangeOf)).filter((place) => place !== ""))] : []),
  ];
}

/** The section says what kind it is of. */
function nameOf(principal: AccessRow["principal"]): string {
  switch (principal.kind) {
    case "user":
      return principal.user.username;
    case "token":
      return principal.token.identifier;
    case "claims":
      return describeAccessPrincipal(principal).slice("client:".length);
  }
}

/** Where several give a right, those that end before the last say so. */
function throughOf(row: AccessRow, last: string | null): string {
  const end = row.until !== null && row.until !== last ? `, until ${minute(row.until)}` : "";
  return `${describeThrough(row)}${end}`;
}

function linesOf(lines: readonly string[]): Cell {
  return lines.length > 1 ? { lines } : (lines[0] ?? "");
}

function withoutSection({ without }: AccessView): readonly TableSection[] {
  if (without.length === 0) return [];
  const rows = without.map((one) => [describeAccessPrincipal(one.principal), describeReason(one)]);
  const title = "May do nothing";
  return [{ kind: "table", title, empty: "", columns: ["Who", "Why"], rows }];
}
