import { escapeControls } from "../characters.js";
import type { ListedToken, TokenDetails, TokenValue } from "../operations/list-tokens.js";
import type { TokensChanged } from "../operations/revoke-tokens.js";
import { maskRandom } from "../secrets/random-looking.js";

/** A token as its line of text, without trailing spaces; a line for each replaced value follows. */
type Row = readonly string[];

const headings: Row = ["IDENTIFIER", "USER", "OWNER", "STATE", "CREATED", "EXPIRES", "VALUE SINCE", "LAST USED"];

/** Creates the function that lays out one page after another as one table. Columns grow where a later page needs it. */
export function createTokenTable(mark: (text: string) => string): (tokens: readonly ListedToken[]) => string {
  let widths: readonly number[] | undefined;
  return (tokens) => {
    const rows = tokens.flatMap(rowsOf);
    const isFirst = widths === undefined;
    const before = widths ?? headings.map((heading) => heading.length);
    widths = before.map((width, column) =>
      widest(
        rows.map((row) => row[column] ?? ""),
        width,
      ),
    );
    const grown = widths;
    const line = (row: Row) =>
      row
        .map((cell, column) => cell.padEnd(grown[column] ?? 0))
        .join("  ")
        .trimEnd();
    return `${isFirst ? `${mark(line(headings))}\n` : ""}${rows.map((row) => `${line(row)}\n`).join("")}`;
  };
}

/** The length of the longest text, or `least`. */
function widest(texts: readonly string[], least = 0): number {
  return texts.reduce((width, text) => Math.max(width, text.length), least);
}

function rowsOf(token: ListedToken): readonly Row[] {
  const [current, ...earlier] = token.values;
  const names = [token.identifier, token.user].map(shown);
  const owner = token.owner === null ? "(by hand)" : shown(token.owner);
  const times = [minute(token.createdAt), token.expiresAt === null ? "never" : minute(token.expiresAt)];
  return [
    [...names, owner, token.state, ...times, ...usedTimes(current)],
    ...earlier.map((value) => ["  replaced value", "", "", "", "", minute(value.validUntil), ...usedTimes(value)]),
  ];
}

function usedTimes(value: TokenValue | undefined): readonly string[] {
  const since = value?.since ?? null;
  return [since === null ? "unknown" : minute(since), value?.lastUsedAt ? minute(value.lastUsedAt) : "never"];
}

/** A time to the minute, such as `2026-06-01 12:00Z`. */
function minute(time: string | null): string {
  return time === null ? "" : `${time.slice(0, 10)} ${time.slice(11, 16)}Z`;
}

/** A name from the database: it may hold a control character, or a secret that was written where a name belongs. */
function shown(name: string): string {
  return escapeControls(maskRandom(name));
}

/** A token with all that is known of it, a line for each. */
export function renderToken(token: TokenDetails, mark: (text: string) => string): string {
  const may = token.isSuperuser ? "all permissions (superuser)" : token.permissions?.join(", ");
  const { revocation: revoked, disabled } = token;
  const lines = [
    ["user", shown(token.user)],
    ["managed by", token.owner === null ? "nobody (made by hand)" : `the owner ${shown(token.owner)}`],
    ["state", token.state],
    ["revoked", revoked === null ? "" : `${minute(revoked.at)} by ${shown(revoked.by)} (${revoked.reason})`],
    ["disabled", disabled === null ? "" : `${minute(disabled.at)} by ${shown(disabled.by)}`],
    ["created", minute(token.createdAt)],
    ["expires", token.expiresAt === null ? "never" : minute(token.expiresAt)],
    ["may", may === undefined ? "what its user may" : shown(may) || "nothing"],
    ["contact", shown(`${token.contactPerson} <${token.email}>`)],
    ...(["organization", "application", "administration"] as const).map((name) => [name, shown(token[name])]),
    ...token.values.map((value) => {
      const [since, lastUsed] = usedTimes(value);
      const what = value.validUntil === null ? "value" : "replaced value";
      const until = value.validUntil === null ? "" : `, works until ${minute(value.validUntil)}`;
      return [what, `since ${since}, last used ${lastUsed}${until}`];
    }),
  ].filter(([, text]) => text !== "");
  const width = widest(lines.map(([name = ""]) => name)) + 2;
  return `${mark(shown(token.identifier))}\n${lines.map(([name = "", text]) => `  ${`${name}:`.padEnd(width)}${text}\n`).join("")}`;
}

const maxNamed = 20;

/** What a command did to tokens, for people. Values that no token has are named by their line alone. */
export function renderTokenChanges(
  { changes, unchanged }: TokensChanged,
  done: string,
  unknownLines: readonly number[] | undefined,
): string {
  const names = changes.slice(0, maxNamed).map(({ key }) => `  ${shown(key)}\n`);
  const others =
    changes.length > maxNamed ? [`  … and ${changes.length - maxNamed} more; --output json lists all\n`] : [];
  const counts = [
    `${done}: ${changes.length} ${changes.length === 1 ? "token" : "tokens"}`,
    ...(unchanged.length > 0 ? [`${unchanged.length} unchanged`] : []),
    ...(unknownLines ? [`${unknownLines.length} unknown ${unknownLines.length === 1 ? "value" : "values"}`] : []),
  ];
  const lines = (unknownLines ?? []).slice(0, maxNamed).join(", ");
  const more = (unknownLines?.length ?? 0) > maxNamed ? ", … (--output json lists all)" : "";
  const unknown = lines === "" ? "" : `No token has the value on line ${lines}${more}.\n`;
  return `${[...names, ...others].join("")}${counts.join(", ")}.\n${unknown}`;
}

export const tokenCsvHeading = csvLine([
  "identifier",
  "user",
  "owner",
  "state",
  "created_at",
  "expires_at",
  "value",
  "value_since",
  "value_last_used_at",
  "value_valid_until",
]);

/** A line for each value of a token (RFC 4180). */
export function tokenToCsv(token: ListedToken): string {
  const { identifier, user, owner, state, createdAt, expiresAt, values } = token;
  const names = [identifier, user, owner ?? ""].map(maskRandom);
  const ofToken = [...names, state, createdAt, expiresAt ?? ""];
  return values
    .map(({ since, lastUsedAt, validUntil }) => {
      const value = validUntil === null ? "current" : "replaced";
      return csvLine([...ofToken, value, since ?? "", lastUsedAt ?? "", validUntil ?? ""]);
    })
    .join("");
}

function csvLine(cells: readonly string[]): string {
  return `${cells.map(csvCell).join(",")}\r\n`;
}

/** A spreadsheet would run a name that starts like a formula; the apostrophe makes it text. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
