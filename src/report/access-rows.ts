import type { Claimant } from "../access/claims.js";
import { type AccessPrincipal, type AccessRow, causeOf, isFlagByClaim, type WithoutAccess } from "../access/rows.js";
import type { PlannedAccess } from "../apply/planned-access.js";
import type { Position } from "../errors.js";
import { maskRandom } from "../secrets/random-looking.js";
import { withoutSecrets } from "./json.js";
import { csvLine } from "./table.js";

/** Where the entries of files stand; undefined where access is that of the database alone. */
export type RangeOf = PlannedAccess["rangeOf"] | undefined;

const columns = ["kind", "name", "user", "claims", "right", "through", "group", "origin", "until", "narrowed_away_by"];

/** With the places of files, where there are any. */
export function accessCsvHeading(rangeOf?: RangeOf): string {
  return csvLine(rangeOf ? [...columns, "file", "line"] : columns);
}

/** A line for each thing that gives a right to one principal (RFC 4180). */
export function accessToCsv(row: AccessRow, rangeOf?: RangeOf): string {
  const { kind, key, user, claims } = principalOf(row.principal);
  const { kind: through, group, origin } = throughOf(row);
  const names = [key, user ?? "", claims === undefined ? "" : describeClaimant(claims), rightOf(row)];
  const narrowed = row.narrowedAwayBy.map(({ identifier }) => maskRandom(identifier)).join(" ");
  const position = positionOf(row, rangeOf);
  return csvLine([
    kind,
    ...names.map(maskRandom),
    through,
    maskRandom(group ?? ""),
    origin ?? "",
    row.until ?? "",
    narrowed,
    ...(rangeOf ? [maskRandom(position?.file ?? ""), position ? String(position.line) : ""] : []),
  ]);
}

/** The same as an object. */
export function accessRowToJson(row: AccessRow, rangeOf?: RangeOf): unknown {
  const { right, until, narrowedAwayBy } = row;
  const given = right.kind === "permission" ? { permission: right.permission } : { [right.kind]: true };
  const position = positionOf(row, rangeOf);
  return withoutSecrets({
    principal: principalOf(row.principal),
    ...given,
    through: throughOf(row),
    until,
    ...(narrowedAwayBy.length > 0 && { narrowedAwayBy: narrowedAwayBy.map(({ identifier }) => identifier) }),
    ...(position && { source: position }),
  });
}

/** Who may nothing, as an object. */
export function withoutAccessToJson({ principal, because }: WithoutAccess): unknown {
  const who =
    principal.kind === "client" ? { kind: "oidc_client", key: principal.client.identifier } : principalOf(principal);
  return withoutSecrets({ principal: who, because });
}

/** Where the entry that gives a right says so. */
export function positionOf(row: AccessRow, rangeOf: RangeOf): Position | undefined {
  const cause = rangeOf && causeOf(row);
  return cause && rangeOf(cause, cause.attribute, cause.item)?.position;
}

export function rightOf({ right }: Pick<AccessRow, "right">): string {
  return right.kind === "permission" ? right.permission : right.kind;
}

interface Principal {
  readonly kind: string;
  readonly key: string;
  /** Of a token. */
  readonly user?: string;
  /** Whom claims give it to. */
  readonly claims?: Claimant;
}

function principalOf(principal: AccessPrincipal): Principal {
  switch (principal.kind) {
    case "user":
      return { kind: "user", key: principal.user.username };
    case "token":
      return {
        kind: "api_token",
        key: principal.token.identifier,
        ...(principal.user && !principal.user.isService && { user: principal.user.username }),
      };
    case "claims":
      return { kind: "oidc_client", key: principal.rule.client.identifier, claims: principal.rule.claimant };
  }
}

/** Such as `everyone` or `group beheer`. */
export function describeClaimant(claimant: Claimant): string {
  if (claimant.kind === "everyone") return "everyone";
  return `${claimant.kind} ${claimant.kind === "group" ? claimant.name : claimant.path}`;
}

/** The origin of a membership, or of a permission without one: a file, a person or claims. */
function throughOf({ principal, right, source }: Pick<AccessRow, "principal" | "right" | "source">): {
  readonly kind: string;
  readonly group?: string;
  readonly origin?: string;
} {
  if (source === undefined)
    return isFlagByClaim({ principal, right }) ? { kind: "own", origin: "claim" } : { kind: "own" };
  if (source.kind === "group") return { kind: "group", group: source.group.name, origin: source.membership };
  return source.kind === "own" ? { kind: "own", origin: source.origin } : { kind: source.kind };
}
