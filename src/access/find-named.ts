import { listSome, type SetupError, setupError } from "../errors.js";
import { nearest } from "../nearest.js";
import { maskRandom } from "../secrets/random-looking.js";
import type { AccessFacts, ClientFacts, TokenFacts, UserFacts } from "./facts.js";

/** What a command can be asked about, found by its name. */
export type Named =
  | { readonly kind: "user"; readonly user: UserFacts }
  | { readonly kind: "token"; readonly token: TokenFacts }
  | { readonly kind: "client"; readonly client: ClientFacts }
  | { readonly kind: "permission"; readonly permission: string };

export type NamedKind = Named["kind"];

const nouns: Readonly<Record<NamedKind, string>> = {
  user: "user",
  token: "API token",
  client: "OpenID client",
  permission: "permission",
};

/**
 * Finds what a text names: `user:NAME`, `token:NAME`, `client:ID` or `permission:NAME`, or a bare name where only one of them has it.
 *
 * @param kinds those that are meant
 * @throws SetupError `COMMAND_LINE` (usage) where several have a bare name, `NAME_UNKNOWN` (refused) where nothing has it
 */
export function findNamed<const K extends NamedKind>(
  facts: AccessFacts,
  text: string,
  kinds: readonly K[],
): Extract<Named, { readonly kind: K }> {
  const written = kinds.find((kind) => text.startsWith(`${kind}:`));
  const name = written === undefined ? text : text.slice(written.length + 1);
  const among = written === undefined ? kinds : [written];
  const found = among.flatMap((kind) => namedIn(facts, kind).get(name) ?? []);
  const [first, second] = found;
  if (second) throw ambiguous(name, found);
  if (!first) throw unknownName(facts, name, among);
  // Its kind is one of those that were looked through.
  return first as Extract<Named, { readonly kind: K }>;
}

/** As it is written on the command line, such as `user:jan`. */
export function writeNamed(named: Named): string {
  return `${named.kind}:${nameOf(named)}`;
}

function nameOf(named: Named): string {
  switch (named.kind) {
    case "user":
      return named.user.username;
    case "token":
      return named.token.identifier;
    case "client":
      return named.client.identifier;
    case "permission":
      return named.permission;
  }
}

/** Everything of a kind, by its name. */
function namedIn(facts: AccessFacts, kind: NamedKind): ReadonlyMap<string, Named> {
  const all = (): readonly Named[] => {
    switch (kind) {
      case "user":
        // A service user acts through its token alone.
        return [...facts.users.values()].flatMap((user) => (user.isService ? [] : { kind, user }));
      case "token":
        return [...facts.tokens.values()].map((token) => ({ kind, token }));
      case "client":
        return [...facts.clients.values()].map((client) => ({ kind, client }));
      case "permission":
        return [...permissionsIn(facts)].map((permission) => ({ kind, permission }));
    }
  };
  return new Map(all().map((named) => [nameOf(named), named]));
}

/** Every permission that a user, a group or a token has. */
function permissionsIn({ groups, users, tokens }: AccessFacts): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { permissions } of [...groups.values(), ...users.values()]) {
    for (const { permission } of permissions) found.add(permission);
  }
  for (const { narrowedTo } of tokens.values()) for (const permission of narrowedTo ?? []) found.add(permission);
  return found;
}

function ambiguous(name: string, found: readonly Named[]): SetupError {
  const what = found.map(({ kind }) => `${kind === "token" ? "an" : "a"} ${nouns[kind]}`).join(" and ");
  const hint = `write ${found.map((named) => maskRandom(writeNamed(named))).join(" or ")}`;
  return setupError("usage", "COMMAND_LINE", `${maskRandom(name)} is the name of ${what}`, hint);
}

function unknownName(facts: AccessFacts, name: string, kinds: readonly NamedKind[]): SetupError {
  const names = new Map(kinds.flatMap((kind) => [...namedIn(facts, kind)]));
  const near = nearest(name, names.keys());
  const named = near === undefined ? undefined : names.get(near);
  const what = kinds.map((kind) => nouns[kind]);
  const last = what.pop();
  const noun = what.length === 0 ? last : `${what.join(", ")} or ${last}`;
  const hint = named ? `did you mean ${maskRandom(writeNamed(named))}?` : hintWithoutNear(names);
  return setupError("refused", "NAME_UNKNOWN", `no ${noun} has this name`, hint);
}

function hintWithoutNear(names: ReadonlyMap<string, Named>): string {
  if (names.size === 0) return "there are none yet";
  return `there are ${listSome([...names.values()].map(writeNamed).map(maskRandom).sort())}`;
}
