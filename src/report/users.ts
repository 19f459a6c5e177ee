import type { ListedUser } from "../operations/list-users.js";
import type { UserDetails } from "../operations/user-details.js";
import { maskRandom } from "../secrets/random-looking.js";
import { csvLine, minute, type Row, renderFacts, shown } from "./table.js";

export const userHeadings: Row = ["USERNAME", "OWNER", "STATE", "RIGHTS", "SIGNS IN WITH", "CREATED", "LAST SEEN"];

/** A user as its line of text. */
export function userRows(user: ListedUser): readonly Row[] {
  const { username, owner, state, createdAt, lastSeenAt } = user;
  return [
    [
      shown(username),
      owner === null ? "(by hand)" : shown(owner),
      state,
      rightsOf(user),
      signInOf(user),
      minute(createdAt),
      lastSeenAt === null ? "never" : minute(lastSeenAt),
    ],
  ];
}

function rightsOf({ isSuperuser, isStaff, isService }: ListedUser): string {
  const rights = [
    ...(isSuperuser ? ["superuser"] : []),
    ...(isStaff ? ["staff"] : []),
    ...(isService ? ["service"] : []),
  ];
  return rights.join(", ") || "-";
}

/** Once a provider's person is linked, a password is not accepted any more. */
function signInOf({ hasPassword, isLinked }: ListedUser): string {
  if (isLinked) return "provider";
  return hasPassword ? "password" : "-";
}

/** A user with all that is known of it, a line for each. */
export function renderUser(user: UserDetails, mark: (text: string) => string): string {
  const { deactivation, link, signIn, sessions } = user;
  const facts: readonly (readonly [string, string])[] = [
    ["managed by", user.owner === null ? "nobody (made by hand)" : `the owner ${shown(user.owner)}`],
    ["state", user.state],
    ["deactivated", deactivation === null ? "" : `${minute(deactivation.at)} by ${shown(deactivation.by)}`],
    ["rights", rightsOf(user)],
    ["name", shown(`${user.firstName} ${user.lastName}`.trim())],
    ["email", shown(user.email)],
    [
      "password",
      user.hasPassword ? `set${link === null ? "" : ", but not accepted: it signs in through a provider"}` : "none",
    ],
    [
      "linked to",
      link === null
        ? "nobody"
        : `the subject ${shown(link.subject)} of ${link.providers.map(shown).join(", ") || shown(link.issuer ?? "an unknown provider")}`,
    ],
    [
      "sign_in",
      signIn === null
        ? ""
        : `the provider ${shown(signIn.provider)}${signIn.subject === null ? "" : `, the subject ${shown(signIn.subject)}`}`,
    ],
    [
      "groups",
      user.groups
        .map(({ name, source, until }) => {
          const end = until === null ? "" : `, until ${minute(until)}`;
          return `${shown(name)} (${sources[source]}${end})`;
        })
        .join(", "),
    ],
    [
      "permissions",
      user.permissions.map(({ permission, source }) => `${shown(permission)} (${sources[source]})`).join(", "),
    ],
    ["tokens", user.tokens.map(shown).join(", ")],
    [
      "sessions",
      `${sessions.count}${sessions.lastSeenAt === null ? "" : `, last seen ${minute(sessions.lastSeenAt)}`}`,
    ],
    ["created", minute(user.createdAt)],
    ["last seen", user.lastSeenAt === null ? "never" : minute(user.lastSeenAt)],
  ];
  return renderFacts(user.username, facts, mark);
}

const sources = { config: "file", manual: "by hand", claim: "sign-in" } as const;

export const userCsvHeading = csvLine([
  "username",
  "owner",
  "state",
  "superuser",
  "staff",
  "service",
  "email",
  "first_name",
  "last_name",
  "password",
  "linked",
  "created_at",
  "last_seen_at",
]);

/** A line for each user (RFC 4180). */
export function userToCsv(user: ListedUser): string {
  const flag = (value: boolean) => (value ? "true" : "false");
  return csvLine([
    ...[user.username, user.owner ?? ""].map(maskRandom),
    user.state,
    ...[user.isSuperuser, user.isStaff, user.isService].map(flag),
    ...[user.email, user.firstName, user.lastName].map(maskRandom),
    ...[user.hasPassword, user.isLinked].map(flag),
    user.createdAt,
    user.lastSeenAt ?? "",
  ]);
}
