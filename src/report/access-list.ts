import type { AccessFacts } from "../access/facts.js";
import { type Named, writeNamed } from "../access/find-named.js";
import { rightsOfToken, rightsOfUser } from "../access/listing.js";
import { type AccessPrincipal, type AccessRow, accessRows, isFlagByClaim, type WithoutAccess } from "../access/rows.js";
import { listSome } from "../errors.js";
import { maskRandom } from "../secrets/random-looking.js";
import { describeClaimant, positionOf, type RangeOf, rightOf } from "./access-rows.js";
import { minute, type Row, shown } from "./table.js";

/** One right of a principal, with everything that gives it. */
export interface HeldRight {
  readonly principal: AccessPrincipal;
  /** The permission, `superuser` or `staff`. */
  readonly right: string;
  readonly rows: readonly AccessRow[];
  /** When the last of what gives it ends, ISO 8601, UTC; null for never. */
  readonly until: string | null;
}

/** The rights of a page of rows, which are of one principal. */
function heldRights(rows: readonly AccessRow[]): readonly HeldRight[] {
  const byRight = new Map<string, AccessRow[]>();
  for (const row of rows) {
    const name = `${row.right.kind} ${rightOf(row)}`;
    const known = byRight.get(name);
    if (known) known.push(row);
    else byRight.set(name, [row]);
  }
  return [...byRight.values()].flatMap((held) => {
    const [first] = held;
    return first ? [{ principal: first.principal, right: rightOf(first), rows: held, until: lastEnd(held) }] : [];
  });
}

function lastEnd(rows: readonly AccessRow[]): string | null {
  let last: string | null = null;
  for (const { until } of rows) {
    if (until === null) return null;
    if (last === null || Date.parse(until) > Date.parse(last)) last = until;
  }
  return last;
}

/** As it is written on the command line; of claims, also whom they are for. */
export function describeAccessPrincipal(principal: AccessPrincipal | WithoutAccess["principal"]): string {
  if (principal.kind !== "claims") return writeNamed(principal);
  const { client, claimant } = principal.rule;
  return `${writeNamed({ kind: "client", client })} ${describeClaimant(claimant)}`;
}

const origins = { config: "", manual: ", by hand", claim: ", from claims" } as const;

/** Through what a row's right comes, such as `group lezers` or, of a token, `user jan: group lezers`. */
export function describeThrough(row: AccessRow): string {
  const { principal, source } = row;
  const text = source === undefined ? describeFlag(row) : describeSource(source);
  const user = principal.kind === "token" ? principal.user : undefined;
  return user === undefined || user.isService ? text : `user ${user.username}: ${text}`;
}

function describeSource(source: NonNullable<AccessRow["source"]>): string {
  switch (source.kind) {
    case "own":
      return `own permission${origins[source.origin]}`;
    case "group":
      return `group ${source.group.name}${source.membership === "config" ? "" : origins[source.membership]}`;
    case "superuser":
      return "superuser";
  }
}

/** The field that says so. */
function describeFlag({ principal, right }: AccessRow): string {
  if (principal.kind !== "claims") {
    return `is_${right.kind}${isFlagByClaim({ principal, right }) ? origins.claim : ""}`;
  }
  switch (principal.rule.claimant.kind) {
    case "everyone":
      return "make_users_staff";
    case "group":
      return "superuser_group_names";
    case "claim":
      return "claim_mappings";
  }
}

const reasons: Readonly<Record<WithoutAccess["because"], string>> = {
  inactive: "inactive",
  no_rights: "no rights",
  accepts_nobody: "accepts nobody",
  revoked: "revoked",
  disabled: "disabled",
  expired: "expired",
  not_yet_valid: "not valid yet",
  ended_by_policy: "ended by its owner's policy",
  inactive_user: "its user is inactive",
};

export function describeReason({ because }: WithoutAccess): string {
  return reasons[because];
}

export function accessHeadings(rangeOf: RangeOf): Row {
  return ["WHO", "MAY", "THROUGH", "ENDS", "NARROWED AWAY BY", ...(rangeOf ? ["WHERE"] : [])];
}

/** A right as a line of a table, or one for each thing that gives it. */
export function accessToRows({ principal, right, rows }: HeldRight, rangeOf: RangeOf): readonly Row[] {
  return rows.map((row, index) => [
    ...(index === 0 ? [shown(describeAccessPrincipal(principal)), shown(right)] : ["", ""]),
    shown(describeThrough(row)),
    minute(row.until),
    index === 0 ? listSome(row.narrowedAwayBy.map((token) => shown(writeNamed({ kind: "token", token })))) : "",
    ...(rangeOf ? [describePosition(row, rangeOf)] : []),
  ]);
}

export function describePosition(row: AccessRow, rangeOf: RangeOf): string {
  const position = positionOf(row, rangeOf);
  return position ? shown(`${position.file}:${position.line}`) : "";
}

/** What to know of one user or token beside its rights. */
interface AccessDetails {
  /** What the user of a token may, and the token is narrowed away from. */
  readonly narrowedAway?: readonly string[];
  /** What a token names without effect, since its user may not. */
  readonly withoutEffect?: readonly string[];
  /** The memberships of a user that have ended. */
  readonly ended?: readonly { readonly group: string; readonly until: string | null }[];
}

/** Without what there is nothing of. */
export function accessDetails({ facts, asked, nowMs }: AccessView): AccessDetails {
  if (asked?.kind === "token") {
    const { narrowedAway, withoutEffect } = rightsOfToken(facts, asked.token, nowMs);
    return {
      ...(narrowedAway.length > 0 && { narrowedAway: narrowedAway.map(maskRandom) }),
      ...(withoutEffect.length > 0 && { withoutEffect: withoutEffect.map(maskRandom) }),
    };
  }
  if (asked?.kind !== "user") return {};
  const ended = rightsOfUser(facts, asked.user, nowMs)
    .memberships.filter(({ isCurrent }) => !isCurrent)
    .map(({ group, membership: { until } }) => ({ group: maskRandom(group.name), until }));
  return ended.length > 0 ? { ended } : {};
}

/** The same for people: each with a name. */
export function describeDetails(view: AccessView): readonly (readonly [name: string, texts: readonly string[]])[] {
  const { narrowedAway = [], withoutEffect = [], ended = [] } = accessDetails(view);
  const all = [
    ["Narrowed away", narrowedAway],
    ["Named without effect, since its user lacks it", withoutEffect],
    ["Ended", ended.map(({ group, until }) => `group ${group} on ${minute(until)}`)],
  ] as const;
  return all.filter(([, texts]) => texts.length > 0);
}

/** What follows the table: who may nothing, and more of the one that was asked for. */
export function renderAccessEnd(view: AccessView, isEmpty: boolean): string {
  const { asked, without } = view;
  const nothing = without.map((one) => `${shown(describeAccessPrincipal(one.principal))} (${describeReason(one)})`);
  const sentences = [
    ...(isEmpty && asked?.kind === "permission" ? [`Nobody may ${shown(asked.permission)}.`] : []),
    ...(isEmpty && asked === undefined ? ["Nobody may do anything."] : []),
    ...(nothing.length === 0 ? [] : [`May do nothing: ${listSome(nothing)}.`]),
    ...describeDetails(view).map(([name, texts]) => `${name}: ${listSome(texts.map(shown))}.`),
  ];
  return `${isEmpty || sentences.length === 0 ? "" : "\n"}${sentences.map((sentence) => `${sentence}\n`).join("")}`;
}

/** Who may do what at one moment: of all, or of what was asked for. */
export interface AccessView {
  readonly facts: AccessFacts;
  readonly asked: Named | undefined;
  readonly nowMs: number;
  readonly rangeOf: RangeOf;
  readonly without: readonly WithoutAccess[];
}

/** The rows of a view, in pages of one principal that has some. */
export function* viewRows({ facts, nowMs, asked }: AccessView): Generator<readonly AccessRow[]> {
  for (const rows of accessRows(facts, nowMs, asked)) if (rows.length > 0) yield rows;
}

/** Enough for columns that fit all, of what is mostly one page. */
const rightsOnPage = 1000;

/** The rights of a view, in pages. */
export function* viewRights(view: AccessView): Generator<readonly HeldRight[]> {
  let page: HeldRight[] = [];
  for (const rows of viewRows(view)) {
    for (const right of heldRights(rows)) page.push(right);
    if (page.length < rightsOnPage) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
