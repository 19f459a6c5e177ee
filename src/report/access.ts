import type { AccessChange, AccessDifference } from "../access/compare.js";
import { countPrincipals, groupDifferences } from "../access/describe.js";
import { escapeControls } from "../characters.js";
import { listSome } from "../errors.js";
import { maskRandom } from "../secrets/random-looking.js";
import { wrap } from "./diagnostics.js";
import type { Paint } from "./layout.js";

interface AccessOptions {
  readonly paint: Paint;
  /** Columns of the terminal. */
  readonly width: number;
}

const maxLines = 20;

/** Who gains and loses which rights, for people; nothing of a first run, where all of it is new. */
export function renderAccess({ isFirst, gains, losses }: AccessChange, options: AccessOptions): readonly string[] {
  if (isFirst) return [];
  const { green, red } = options.paint;
  return [
    ...renderDifferences("Access gained", gains, { ...options, mark: green("+") }),
    ...renderDifferences("Access lost", losses, { ...options, mark: red("-") }),
  ];
}

function renderDifferences(
  title: string,
  differences: readonly AccessDifference[],
  { paint, width, mark }: AccessOptions & { readonly mark: string },
): readonly string[] {
  const groups = groupDifferences(differences);
  if (groups.length === 0) return [];
  const lines = groups.slice(0, maxLines).map(({ names, rights, cause: { range } }) => {
    const text = escapeControls(maskRandom(`${listSome(names)}: ${rights}`));
    const where = range ? paint.dim(` (${escapeControls(range.position.file)}:${range.position.line})`) : "";
    return `  ${mark} ${[...wrap(text, width - 6)].join("\n      ")}${where}\n`;
  });
  const more = groups.length - lines.length;
  if (more > 0) lines.push(`  … and ${more} more; --output json lists all\n`);
  return [`${paint.bold(title)}\n${lines.join("")}`];
}

/** How many gain and lose rights: empty where nobody does, or nobody had any before. */
export function renderAccessCounts({ isFirst, gains, losses }: AccessChange): string {
  if (isFirst || gains.length + losses.length === 0) return "";
  return `Access: ${countPrincipals(gains)} gain, ${countPrincipals(losses)} lose.\n`;
}

/** The JSON of both lists. */
export function accessToJson({ gains, losses }: AccessChange): object {
  return { gains: gains.map(differenceToJson), losses: losses.map(differenceToJson) };
}

function differenceToJson({ principal, isSuperuser, isStaff, permissions, through, cause }: AccessDifference): object {
  const { kind, key, claimant } = principal;
  return {
    principal: { kind, key: maskRandom(key), ...(claimant && { claims: claimant }) },
    ...(isSuperuser && { superuser: true }),
    ...(isStaff && { staff: true }),
    permissions: permissions.map(maskRandom),
    through: through.map((name) => ({ kind: name.kind, key: maskRandom(name.key) })),
    cause: { kind: cause.kind, key: maskRandom(cause.key) },
    ...(cause.range && { source: cause.range.position }),
  };
}
