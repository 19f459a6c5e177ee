import type { Claimant } from "../access/claims.js";
import type { Source } from "../access/effective.js";
import type { AccessRow } from "../access/listing.js";
import { maskRandom } from "../secrets/random-looking.js";
import { withoutSecrets } from "./json.js";
import { csvLine } from "./table.js";

export const accessCsvHeading = csvLine(["kind", "name", "user", "claims", "right", "through", "group", "origin"]);

/** A line for each thing that gives a right to one principal (RFC 4180). */
export function accessToCsv(row: AccessRow): string {
  const { kind, key, user, claims } = principalOf(row);
  const { kind: through, group, origin } = throughOf(row.source);
  const names = [key, user ?? "", claims === undefined ? "" : describeClaimant(claims)];
  return csvLine([kind, ...[...names, rightOf(row)].map(maskRandom), through, maskRandom(group ?? ""), origin ?? ""]);
}

/** The same as an object. */
export function accessRowToJson(row: AccessRow): unknown {
  const { right, source } = row;
  const given = right.kind === "permission" ? { permission: right.permission } : { [right.kind]: true };
  return withoutSecrets({ principal: principalOf(row), ...given, through: throughOf(source) });
}

function rightOf({ right }: AccessRow): string {
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

function principalOf({ principal }: AccessRow): Principal {
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

function describeClaimant(claimant: Claimant): string {
  if (claimant.kind === "everyone") return "everyone";
  return `${claimant.kind} ${claimant.kind === "group" ? claimant.name : claimant.path}`;
}

/** The origin of a membership, or of a permission without one: a file, a person or claims. */
function throughOf(source: Source | undefined): {
  readonly kind: string;
  readonly group?: string;
  readonly origin?: string;
} {
  if (source === undefined) return { kind: "own" };
  if (source.kind === "group") return { kind: "group", group: source.group.name, origin: source.membership };
  return source.kind === "own" ? { kind: "own", origin: source.origin } : { kind: source.kind };
}
