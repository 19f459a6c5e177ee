import fc from "fast-check";
import type { DeclaredFile, DeclaredGroup, DeclaredToken, DeclaredUser } from "./model.js";
import { type Owner, owners } from "./world.js";

/** One change of a file. Numbers choose among names or values. */
export type Edit =
  | {
      readonly kind: "group";
      readonly index: number;
      readonly permissions: readonly string[];
      readonly protect: boolean;
    }
  | {
      readonly kind: "user";
      readonly index: number;
      readonly groups: readonly { readonly index: number; readonly untilHours: number | undefined }[];
      readonly permissions: readonly string[];
      readonly isActive: boolean;
      readonly isSuperuser: boolean;
      readonly canSignIn: boolean;
      readonly protect: boolean;
    }
  | {
      readonly kind: "token";
      readonly index: number;
      readonly value: "generate" | number;
      readonly user: number | undefined;
      readonly permissions: readonly string[] | undefined;
      readonly validFromHours: number | undefined;
      readonly expiresHours: number | undefined;
      readonly enabled: boolean;
      readonly graceHours: number;
      readonly protect: boolean;
    }
  | {
      readonly kind: "remove";
      readonly what: "groups" | "users" | "tokens";
      readonly index: number;
      readonly absent: boolean;
    }
  | {
      readonly kind: "rename";
      readonly what: "groups" | "users" | "tokens";
      readonly from: number;
      readonly to: number;
    };

export type Action =
  | {
      readonly type: "apply";
      readonly owner: Owner;
      readonly edits: readonly Edit[];
      readonly prune: boolean;
      readonly tidy: boolean;
    }
  | { readonly type: "rollback"; readonly owner: Owner }
  | {
      readonly type: "rotate" | "revoke" | "disable" | "enable";
      readonly owner: Owner;
      readonly index: number;
      readonly graceHours: number;
    }
  | { readonly type: "revokeValue"; readonly index: number }
  | { readonly type: "deactivate" | "activate" | "unlink"; readonly owner: Owner; readonly index: number }
  | { readonly type: "email" | "join"; readonly owner: Owner; readonly index: number }
  | { readonly type: "wait"; readonly hours: number };

const permissions = fc.subarray(["taken.lezen", "taken.schrijven", "taken.wissen", "berichten.lezen"]);
const index = fc.integer({ min: 0, max: 3 });
const hours = fc.option(fc.integer({ min: -10, max: 200 }), { nil: undefined, freq: 2 });
const rarely = fc.integer({ min: 0, max: 5 }).map((number) => number === 0);
const mostly = rarely.map((is) => !is);
const owner = fc.constantFrom(...owners);

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ kind: fc.constant("group" as const), index, permissions, protect: rarely }),
  fc.record({
    kind: fc.constant("user" as const),
    index,
    groups: fc.uniqueArray(fc.record({ index, untilHours: hours }), { selector: (group) => group.index, maxLength: 2 }),
    permissions,
    isActive: mostly,
    isSuperuser: fc.boolean(),
    canSignIn: fc.boolean(),
    protect: rarely,
  }),
  fc.record({
    kind: fc.constant("token" as const),
    index,
    value: fc.oneof(fc.constant("generate" as const), fc.integer({ min: 0, max: 2 })),
    user: fc.option(index, { nil: undefined }),
    permissions: fc.option(permissions, { nil: undefined }),
    validFromHours: fc.option(fc.integer({ min: -50, max: 30 }), { nil: undefined, freq: 1 }),
    expiresHours: fc.option(fc.integer({ min: 31, max: 200 }), { nil: undefined }),
    enabled: mostly,
    graceHours: fc.constantFrom(0, 1, 24, 100),
    protect: rarely,
  }),
  fc.record({
    kind: fc.constant("remove" as const),
    what: fc.constantFrom("groups", "users", "tokens"),
    index,
    absent: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("rename" as const),
    what: fc.constantFrom("groups", "users", "tokens"),
    from: index,
    to: index,
  }),
);

export const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant("apply" as const),
      owner,
      edits: fc.array(edit, { minLength: 1, maxLength: 6 }),
      prune: fc.boolean(),
      tidy: mostly,
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("rollback" as const), owner }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constantFrom("rotate", "revoke", "disable", "enable"),
      owner,
      index,
      graceHours: fc.constantFrom(0, 1, 24),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("revokeValue" as const), index: fc.nat(100) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom("deactivate", "activate", "unlink"), owner, index }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom("email", "join"), owner, index }) },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant("wait" as const), hours: fc.constantFrom(1, 5, 24, 24 * 40) }),
  },
);

export const nameOf = (owner: Owner, what: "groups" | "users" | "tokens", number: number): string =>
  `${owner}-${what.slice(0, -1)}-${number}`;

/** A value number that only this name's entries have. */
function valueNumber(owner: Owner, number: number, version: number): number {
  return owners.indexOf(owner) * 100 + number * 3 + version;
}

/** The file with this change, and what it left out or renamed. */
export function edited(owner: Owner, file: DeclaredFile, change: Edit, nowMs: number): DeclaredFile {
  const at = (hoursFromNow: number | undefined) =>
    hoursFromNow === undefined ? undefined : new Date(nowMs + hoursFromNow * 3_600_000).toISOString();
  if (change.kind === "group") {
    const name = nameOf(owner, "groups", change.index);
    const group: DeclaredGroup = {
      name,
      permissions: change.permissions,
      protect: change.protect,
      renamedFrom: undefined,
    };
    return present(file, "groups", name, group);
  }
  if (change.kind === "user") {
    const username = nameOf(owner, "users", change.index);
    const { permissions, isActive, isSuperuser, canSignIn, protect } = change;
    // The groups of another owner's file may be named, too.
    const groups = change.groups.map(({ index, untilHours }) => ({
      name: nameOf(index === 3 ? "alfa" : owner, "groups", index),
      until: at(untilHours),
    }));
    const user: DeclaredUser = {
      username,
      groups,
      permissions,
      isActive,
      isSuperuser,
      canSignIn,
      protect,
      renamedFrom: undefined,
    };
    return present(file, "users", username, user);
  }
  if (change.kind === "token") {
    const identifier = nameOf(owner, "tokens", change.index);
    const { value, user, permissions, enabled, graceHours, protect } = change;
    const token: DeclaredToken = {
      identifier,
      value: value === "generate" ? value : valueNumber(owner, change.index, value),
      user: user === undefined ? undefined : nameOf(owner, "users", user),
      permissions,
      validFrom: at(change.validFromHours),
      expiresAt: at(change.expiresHours),
      enabled,
      graceHours,
      protect,
      renamedFrom: undefined,
    };
    return present(file, "tokens", identifier, token);
  }
  if (change.kind === "remove") {
    const name = nameOf(owner, change.what, change.index);
    const entries = new Map<string, unknown>(file[change.what]);
    entries.delete(name);
    const absent = change.absent
      ? { ...file.absent, [change.what]: [...new Set([...file.absent[change.what], name])] }
      : file.absent;
    return { ...file, [change.what]: entries, absent };
  }
  return renamed(owner, file, change);
}

/** The file without references to what no file declares. */
export function tidied(file: DeclaredFile, others: readonly DeclaredFile[]): DeclaredFile {
  const known = (what: "groups" | "users", name: string): boolean =>
    [file, ...others].some(
      (each) => each[what].has(name) || [...each[what].values()].some(({ renamedFrom }) => renamedFrom === name),
    );
  const users = [...file.users].map(
    ([name, user]) => [name, { ...user, groups: user.groups.filter((group) => known("groups", group.name)) }] as const,
  );
  const tokens = [...file.tokens].map(
    ([name, token]) =>
      [
        name,
        { ...token, user: token.user !== undefined && known("users", token.user) ? token.user : undefined },
      ] as const,
  );
  return { ...file, users: new Map(users), tokens: new Map(tokens) };
}

function renamed(
  owner: Owner,
  file: DeclaredFile,
  { what, from, to }: Extract<Edit, { kind: "rename" }>,
): DeclaredFile {
  const [earlier, later] = [nameOf(owner, what, from), nameOf(owner, what, to)];
  const entry = file[what].get(earlier);
  if (entry === undefined || file[what].has(later) || from === to) return file;
  const named = {
    ...entry,
    renamedFrom: earlier,
    ...(what === "users" ? { username: later } : what === "groups" ? { name: later } : { identifier: later }),
  };
  if ("value" in named && named.value !== "generate") Object.assign(named, { value: valueNumber(owner, to, 0) });
  const entries = new Map<string, unknown>(file[what]);
  entries.delete(earlier);
  return present({ ...file, [what]: entries }, what, later, named);
}

function present(file: DeclaredFile, what: "groups" | "users" | "tokens", name: string, entry: unknown): DeclaredFile {
  const entries = new Map<string, unknown>(file[what]);
  entries.set(name, entry);
  const absent = { ...file.absent, [what]: file.absent[what].filter((other) => other !== name) };
  return { ...file, [what]: entries, absent };
}
