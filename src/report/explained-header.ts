import type { ClaimedAccess } from "../access/claimed-access.js";
import { isUserActive } from "../access/effective.js";
import { maskRandom } from "../secrets/random-looking.js";
import type { ExplainedHeader, RefusedEvent } from "../verifier/explain.js";
import { bearerFixes, checkTexts, unavailableFixes } from "./checks.js";
import { withoutSecrets } from "./json.js";
import type { Paint } from "./layout.js";
import { shown } from "./table.js";
import { describeAccount, describeClaimsRejection, fixClaims } from "./why.js";

/** One check, as far as a log may say what it looked at. */
interface CheckRow {
  readonly check: string;
  readonly asks: string;
  readonly isPassed: boolean;
  readonly claim?: string | undefined;
  readonly found?: string | undefined;
  readonly expected?: string | undefined;
  readonly fix?: string | undefined;
}

/** What the verifier decides about a header. */
export interface HeaderAnswer {
  /** `unknown` where a provider or the database could not be asked. */
  readonly verdict: "accepted" | "refused" | "unknown";
  /** One sentence. */
  readonly text: string;
  /** What a client gets; undefined where it is accepted. */
  readonly status: number | undefined;
  readonly reason: string | undefined;
  readonly rows: readonly CheckRow[];
  /** What else was reported, such as why a provider could not be asked. */
  readonly notes: readonly string[];
}

/** @param claimed what the claims of a valid token would make of its user, where that is not written yet */
export function answerHeader(
  { passed, failed, end, acceptedScheme, events }: ExplainedHeader,
  claimed: ClaimedAccess | undefined,
): HeaderAnswer {
  const rows = passed.map(
    ({ check, found }): CheckRow => ({ check, asks: checkTexts[check].asks, isPassed: true, found }),
  );
  const notes = events.map((event) => ("message" in event ? event.message : event.kind));
  const common = { notes, status: undefined, reason: undefined };
  switch (end.kind) {
    case "authenticated": {
      const { scheme, credential, user } = end.principal;
      const what = scheme === "token" ? `API token ${shown(credential)}` : `a token for client ${shown(credential)}`;
      return { ...common, verdict: "accepted", text: `${what} of user ${shown(user.username)}`, rows };
    }
    case "anonymous": {
      const { asks, fix } = checkTexts.no_credentials;
      const row = { check: "no_credentials", asks, isPassed: false, found: "none of a supported scheme", fix };
      return { ...common, verdict: "refused", text: "there are no credentials in it", status: end.status, rows: [row] };
    }
    case "refused":
      return {
        ...common,
        ...answerRefusal(end.event),
        status: end.status,
        rows: [...rows, failedRow(end.event, { failed, acceptedScheme })],
      };
    case "unwritten":
      return { ...common, ...answerClaims(claimed, rows) };
  }
}

function answerRefusal(event: RefusedEvent): Pick<HeaderAnswer, "verdict" | "text" | "reason"> {
  const { kind, reason } = event;
  if (kind === "unavailable") return { verdict: "unknown", text: "it can't be checked now", reason };
  const whose = event.token === undefined ? "" : `API token ${shown(event.token)}: `;
  return { verdict: "refused", text: `${whose}${failureOf(checkTexts[reason].asks)}`, reason };
}

function failedRow(
  event: RefusedEvent,
  { failed, acceptedScheme }: Pick<ExplainedHeader, "failed" | "acceptedScheme">,
): CheckRow {
  if (event.kind === "unavailable") {
    const { reason, found } = event;
    return { check: reason, asks: "provider", isPassed: false, found, fix: unavailableFixes[reason] };
  }
  const { reason, claim, found = failed, expected, hint } = event;
  const { asks, fix } = checkTexts[reason];
  if (acceptedScheme) {
    const [right, wrong] = acceptedScheme === "token" ? ["Token", "Bearer"] : ["Bearer", "Token"];
    return { check: reason, asks, isPassed: false, found, fix: `send \`${right}\` before it instead of \`${wrong}\`` };
  }
  const isSourceMissing = reason === "source_not_allowed" && event.found === "nothing";
  const ofBearer = event.scheme === "bearer" ? bearerFixes[reason] : undefined;
  return {
    check: reason,
    asks,
    isPassed: false,
    claim,
    found,
    expected,
    fix: isSourceMissing ? fix : (hint ?? ofBearer ?? fix),
  };
}

function failureOf(asks: string): string {
  return `it fails the check "${asks}"`;
}

/** The token is valid; its user is not as its claims say yet. */
function answerClaims(
  claimed: ClaimedAccess | undefined,
  rows: readonly CheckRow[],
): Pick<HeaderAnswer, "verdict" | "text" | "reason" | "status" | "rows"> {
  if (!claimed) throw new TypeError("claims that nobody has looked at");
  if (claimed.kind === "user" && isUserActive(claimed.user)) {
    const text = `a token for client ${shown(claimed.client.identifier)}; ${describeAccount(claimed)}`;
    return { verdict: "accepted", text, reason: undefined, status: undefined, rows };
  }
  const reason = claimed.kind === "user" ? "inactive_user" : claimed.reason;
  const known = reason in checkTexts ? checkTexts[reason as keyof typeof checkTexts] : undefined;
  const found = claimed.kind === "user" ? claimed.user.username : describeClaimsRejection(claimed);
  const fix = known?.fix ?? (claimed.kind === "rejected" ? fixClaims(claimed) : undefined);
  const asks = known?.asks ?? "user";
  const row: CheckRow = { check: reason, asks, isPassed: false, found, fix };
  return { verdict: "refused", text: failureOf(asks), reason, status: 401, rows: [...rows, row] };
}

const verdicts = { accepted: "yes", refused: "no", unknown: "unknown" } as const;

export function renderHeader({ verdict, text, status, reason, rows, notes }: HeaderAnswer, paint: Paint): string {
  const mark = { accepted: paint.green, refused: paint.red, unknown: paint.yellow }[verdict];
  const answered = status === undefined ? "the verifier accepts it: " : `the verifier answers ${status}: `;
  const why = reason === undefined ? "" : ` ${paint.dim(`[${reason}]`)}`;
  const width = rows.reduce((most, { asks }) => Math.max(most, asks.length), 0);
  const lines = rows.flatMap(({ asks, isPassed, claim, found, expected, fix }) => {
    const seen = [
      ...(found === undefined ? [] : [`${claim === undefined || isPassed ? "" : `${shown(claim)}: `}${shown(found)}`]),
      ...(expected === undefined ? [] : [`expected: ${shown(expected)}`]),
    ].join("; ");
    const state = isPassed ? paint.green("ok   ") : paint.red("FAILS");
    return [
      `  ${state}  ${asks.padEnd(width)}  ${seen}`.trimEnd(),
      ...(fix === undefined ? [] : [`         fix: ${fix}`]),
    ];
  });
  const talk = notes.map((note) => `  ${paint.dim(`reported meanwhile: ${shown(note)}`)}`);
  return [`${mark(verdicts[verdict])}: ${answered}${text}${why}`, ...lines, ...talk]
    .map((line) => `${line}\n`)
    .join("");
}

export function headerToJson({ verdict, text, status, reason, rows, notes }: HeaderAnswer): object {
  return {
    header: {
      verdict,
      text,
      ...(status !== undefined && { status }),
      ...(reason !== undefined && { reason }),
      checks: rows.map(({ check, asks, isPassed, claim, found, expected, fix }) => ({
        check,
        asks,
        passed: isPassed,
        ...(withoutSecrets({
          ...(claim !== undefined && { claim }),
          ...(found !== undefined && { found }),
          ...(expected !== undefined && { expected }),
        }) as object),
        ...(fix !== undefined && { fix }),
      })),
      ...(notes.length > 0 && { notes: notes.map(maskRandom) }),
    },
  };
}
