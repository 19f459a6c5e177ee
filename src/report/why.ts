import type { ClaimedRejection, ClaimedUser } from "../access/claimed-access.js";
import type { Cause } from "../access/compare.js";
import type { Link, LinkEffect, Why } from "../access/why.js";
import { escapeControls } from "../characters.js";
import type { Position } from "../errors.js";
import { assertNever, listSome } from "../errors.js";
import { causeKey, type SetBy } from "../operations/explain-access.js";
import type { JournalRun } from "../operations/read-journal.js";
import { maskRandom } from "../secrets/random-looking.js";
import { withoutSecrets } from "./json.js";
import type { Paint } from "./layout.js";
import { minute, shown } from "./table.js";

/** An answer, with where the entries stand that it names. */
export interface ExplainedAccess {
  /** As it was asked: `user jan`, `token open-forms`, `client api-oidc`. */
  readonly principal: { readonly kind: "user" | "token" | "client"; readonly name: string };
  readonly why: Why;
  readonly positionOf: (cause: Cause) => Position | undefined;
  readonly setBy: ReadonlyMap<string, SetBy>;
}

const effects: Readonly<Record<LinkEffect, string>> = {
  gives: "gives",
  passes: "passes",
  stops: "stops",
  ended: "ended",
};

/** Yes or no, and each link with where it comes from. */
export function renderWhy(explained: ExplainedAccess, paint: Paint): string {
  const { principal, why } = explained;
  const { isAllowed, permission, links } = why;
  const answer = isAllowed ? paint.green("yes") : paint.red("no");
  const may = isAllowed ? "may" : "may not";
  const who = `${principal.kind === "client" ? "with these claims, a user of client" : principal.kind} ${shown(principal.name)}`;
  const marks = { gives: paint.green, passes: paint.dim, stops: paint.red, ended: paint.dim };
  const runs = new Map<string, JournalRun>();
  const lines = links.flatMap((link) => {
    const mark = marks[link.effect](effects[link.effect].padEnd(7));
    const from = link.causes.flatMap((cause) => originOf(explained, cause, runs) ?? []);
    const fix = fixOf(link, permission);
    return [
      `  ${mark} ${describeLink(link, permission)}`,
      ...[...new Set(from)].map((text) => `          ${paint.dim(text)}`),
      ...(fix !== undefined && !isAllowed ? [`          fix: ${fix}`] : []),
    ];
  });
  return `${answer}: ${who} ${may} ${shown(permission)}\n${[...lines, ...renderRuns(runs).map((text) => `  ${paint.dim(text)}`)].map((line) => `${line}\n`).join("")}`;
}

/** The same as an object. */
export function whyToJson({ principal, why, positionOf, setBy }: ExplainedAccess): object {
  const { isAllowed, permission, user, links } = why;
  return {
    principal: { kind: principal.kind, key: maskRandom(principal.name) },
    permission: maskRandom(permission),
    allowed: isAllowed,
    ...(user && { user: maskRandom(user.username) }),
    links: links.map((link) => ({
      kind: link.kind,
      effect: link.effect,
      text: describeLink(link, permission),
      ...(link.effect === "stops" && { fix: fixOf(link, permission) }),
      entries: link.causes.map((cause) => {
        const { kind, key, attribute, item } = cause;
        const { owner, run } = setBy.get(causeKey(cause)) ?? {};
        const position = positionOf(cause);
        return {
          ...(withoutSecrets({
            kind,
            key,
            ...(attribute !== undefined && { attribute }),
            ...(item !== undefined && { item }),
          }) as object),
          ...(position && { source: position }),
          ...(owner !== undefined && { owner }),
          ...(run && { run: { id: run.id, finishedAt: run.at, actor: maskRandom(run.actor), through: run.through } }),
        };
      }),
    })),
  };
}

/** Such as `config.yaml:12:7 (user jan)` or `user jan, of owner gemeente, set by run 1`. */
function originOf(
  { positionOf, setBy }: ExplainedAccess,
  cause: Cause,
  runs: Map<string, JournalRun>,
): string | undefined {
  const entry = `${cause.kind} ${shown(cause.key)}`;
  const position = positionOf(cause);
  if (position) return `${escapeControls(position.file)}:${position.line}:${position.column} (${entry})`;
  const { owner, run } = setBy.get(causeKey(cause)) ?? {};
  if (owner === undefined) return undefined;
  const manages = owner === null ? "which no file manages" : `of owner ${shown(owner)}`;
  if (!run) return `${entry}, ${manages}`;
  runs.set(run.id, run);
  return `${entry}, ${manages}, set by run ${[...runs.keys()].indexOf(run.id) + 1}`;
}

/** Such as `run 1: apply of config.yaml by ci@runner, 2026-06-01 12:00Z, 0197…`. */
function renderRuns(runs: ReadonlyMap<string, JournalRun>): readonly string[] {
  return [...runs.values()].map(({ id, at, actor, through, files }, index) => {
    const of = files.length === 0 ? "" : ` of ${files.map(({ file }) => shown(file)).join(", ")}`;
    return `run ${index + 1}: ${through ?? "a run"}${of} by ${shown(actor)}, ${minute(at)}, ${id}`;
  });
}

const origins: Readonly<Record<Extract<Link, { readonly kind: "own" }>["origin"], string>> = {
  config: "by a file",
  manual: "by hand",
  claim: "by claims",
};

/** One link, in a sentence. */
export function describeLink(link: Link, permission: string): string {
  switch (link.kind) {
    case "acts_as":
      return `token ${shown(link.token.identifier)} acts as user ${shown(link.user.username)}`;
    case "token_state":
      return describeState(link);
    case "narrowing": {
      const { token, names, effect } = link;
      const is = effect === "passes" ? "is one" : "is none";
      const count = `${names.length} ${names.length === 1 ? "permission" : "permissions"}`;
      return `token ${shown(token.identifier)} is limited to ${count}, and ${shown(permission)} ${is} of them`;
    }
    case "allowed_ips":
      return `token ${shown(link.token.identifier)} works only from ${listSome(link.ranges.map(shown))}`;
    case "rate_limit":
      return `token ${shown(link.token.identifier)} is limited to ${shown(link.rate)} requests in each process of an API`;
    case "claims":
      return describeAccount(link.claimed);
    case "claims_rejected":
      return describeClaimsRejection(link.rejection);
    case "inactive":
      return link.by === "command"
        ? `a command deactivated user ${shown(link.user.username)}`
        : `user ${shown(link.user.username)} is not active`;
    case "superuser":
      return `user ${shown(link.user.username)} is a superuser, who may do everything${link.byClaim ? " (by claims)" : ""}`;
    case "own":
      return `user ${shown(link.user.username)} has ${shown(permission)} itself, ${origins[link.origin]}`;
    case "group":
      return describeGroup(link, permission);
    case "not_given":
      return `nothing gives user ${shown(link.user.username)} ${shown(permission)}`;
    default:
      return assertNever(link);
  }
}

function describeState({ token, state, at }: Extract<Link, { readonly kind: "token_state" }>): string {
  const name = `token ${shown(token.identifier)}`;
  const when = at === undefined ? "" : ` on ${minute(at)}`;
  switch (state) {
    case "revoked":
      return `the value of ${name} was revoked`;
    case "disabled":
      return `${name} is disabled${token.isEnabled ? " by a command" : ": its file says `enabled: false`"}`;
    case "expired":
      return `${name} expired${when}`;
    case "not_yet_valid":
      return `${name} starts to work${when}`;
    case "ended_by_policy":
      return `the policy of its owner ended ${name}${when}`;
    default:
      return assertNever(state);
  }
}

function describeGroup(link: Extract<Link, { readonly kind: "group" }>, permission: string): string {
  const { user, group, membership, origin, isDefault, effect } = link;
  const end = membership.until === null ? "" : minute(membership.until);
  const until = end === "" ? "" : effect === "ended" ? `, which ended on ${end}` : `, until ${end}`;
  const how = isDefault ? "as everyone who signs in through this client" : origins[membership.origin];
  const member = `user ${shown(user.username)} is ${effect === "ended" ? "no longer " : ""}in group ${shown(group.name)} (${how}${until})`;
  const given = origin === "config" ? "" : `, ${origins[origin]}`;
  return `${member}, which gives ${shown(permission)}${given}`;
}

export function describeAccount({ account, user, superuserBy, createdGroups }: ClaimedUser): string {
  const name = `user ${shown(user.username)}`;
  const texts = {
    new: `these claims make a new ${name}`,
    linked: `these claims are of the person who signs in as ${name}`,
    linked_now: `these claims sign in as ${name}, which nobody has signed in as so far`,
    assumed: `without a \`sub\`, these claims are taken for those of the person who may sign in as ${name}`,
  };
  const by = superuserBy.map((claimant) =>
    claimant.kind === "group" ? `the group ${shown(claimant.name)}` : `the claim ${shown(claimant.path)}`,
  );
  return [
    texts[account],
    ...(by.length > 0 ? [`${listSome(by)} makes a superuser`] : []),
    ...(createdGroups.length > 0
      ? [`groups without permissions are created: ${listSome(createdGroups.map(shown))}`]
      : []),
  ].join("; ");
}

/** What is wrong with claims, and one line how to fix it. */
const rejections: Readonly<Record<ClaimedRejection["reason"], readonly [text: string, fix: string]>> = {
  client_disabled: ["the client is disabled", "write `enabled: true` for the client"],
  no_provider: ["the client has no provider", "write the client's provider"],
  wrong_issuer: [
    "`iss` is not the issuer of the client's provider",
    "ask about the client whose provider issued the claims",
  ],
  subject_invalid: ["`sub` is not valid", "`sub` must be a printable string of at most 255 characters"],
  username_missing: [
    "the claim for the username is missing",
    "let the provider send it, or change `user_settings.claim_mappings.username`",
  ],
  username_invalid: [
    "the claim for the username is not a usable name",
    "map a claim that holds a printable name to `username`",
  ],
  email_unverified: [
    "the provider has not verified the e-mail address that is the username",
    "verify it at the provider, or map another claim to `username`",
  ],
  claim_invalid: [
    "a claim has a type that its field can't hold",
    "let the provider send the type that the field needs",
  ],
  groups_overage: [
    "the provider left the groups out, since there are too many",
    "limit the groups that the provider sends",
  ],
  username_taken: [
    "another person, or nobody who may sign in, has the user with this name",
    "unlink the user with `vtb-setup user unlink`, or write `sign_in` for it",
  ],
  username_ambiguous: ["several users have this name", "rename one of them, or write `username_case_sensitive: true`"],
  username_confusable: ["the username looks like that of another user", "change the name at the provider"],
  username_of_service: ["the username is that of a token's service user", "change the name at the provider"],
  username_of_emergency: [
    "the username is that of a superuser with a password",
    "write `sign_in` for this user to say who may sign in as it",
  ],
  sign_in_missing: ["a privileged user is never linked by its name alone", "write `sign_in` for this user"],
  sign_in_of_another: ["the user's `sign_in` names another person", "correct `sign_in` of this user"],
  unknown_user: ["there is no such user", "create the user"],
};

export function describeClaimsRejection({ reason, claim, found, username }: ClaimedRejection): string {
  const [text] = rejections[reason];
  const name = username === undefined ? "" : ` (${shown(username)})`;
  const seen = found === undefined ? "" : `: ${claim === undefined ? "" : `${claim} is `}${found}`;
  return `${text}${name}${seen}`;
}

/** One line how to make claims give a user. */
export function fixClaims({ hint, reason }: ClaimedRejection): string {
  return hint ?? rejections[reason][1];
}

/** One line how to make a link no longer stop. */
function fixOf(link: Link, permission: string): string | undefined {
  if (link.effect !== "stops") return undefined;
  switch (link.kind) {
    case "token_state":
      return fixState(link);
    case "narrowing":
      return `add ${shown(permission)} to the token's \`permissions\`, if it is to have it`;
    case "claims_rejected":
      return fixClaims(link.rejection);
    case "inactive":
      return link.by === "command"
        ? `vtb-setup user activate ${shown(link.user.username)}`
        : "write `is_active: true` for the user";
    case "not_given":
      return link.givenBy.length > 0
        ? `add it to the \`permissions\` of the user, or the user to a group that gives it: ${listSome(link.givenBy.map(shown))}`
        : "add it to the `permissions` of the user or of one of its groups; no group gives it so far";
    default:
      return undefined;
  }
}

function fixState({ token, state }: Extract<Link, { readonly kind: "token_state" }>): string {
  const name = shown(token.identifier);
  switch (state) {
    case "revoked":
      return `a revoked value never works again: make a new one with \`vtb-setup token rotate ${name}\`, or in its file`;
    case "disabled":
      return token.isEnabled
        ? `vtb-setup token enable ${name}`
        : "write `enabled: true` for the token, or remove the line";
    case "expired":
      return "write a later `expires_at`, or rotate the token";
    case "not_yet_valid":
      return "wait, or write an earlier `valid_from`";
    case "ended_by_policy":
      return `make a new value with \`vtb-setup token rotate ${name}\`, or change \`vtb_setup.policy\``;
    default:
      return assertNever(state);
  }
}
