import { createHash } from "node:crypto";

/** What a file says of a token. Times are ISO 8601 in UTC. */
export interface DeclaredToken {
  readonly identifier: string;
  /** `generate`, or the number of a value that is written in the file. */
  readonly value: "generate" | number;
  readonly user: string | undefined;
  readonly permissions: readonly string[] | undefined;
  readonly validFrom: string | undefined;
  readonly expiresAt: string | undefined;
  readonly enabled: boolean;
  readonly graceHours: number;
  readonly protect: boolean;
  readonly renamedFrom: string | undefined;
}

export interface DeclaredUser {
  readonly username: string;
  readonly groups: readonly { readonly name: string; readonly until: string | undefined }[];
  readonly permissions: readonly string[];
  readonly isActive: boolean;
  readonly isSuperuser: boolean;
  readonly canSignIn: boolean;
  readonly protect: boolean;
  readonly renamedFrom: string | undefined;
}

export interface DeclaredGroup {
  readonly name: string;
  readonly permissions: readonly string[];
  readonly protect: boolean;
  readonly renamedFrom: string | undefined;
}

/** One owner's file. */
export interface DeclaredFile {
  readonly groups: ReadonlyMap<string, DeclaredGroup>;
  readonly users: ReadonlyMap<string, DeclaredUser>;
  readonly tokens: ReadonlyMap<string, DeclaredToken>;
  /** Names to write with `state: absent`. */
  readonly absent: {
    readonly groups: readonly string[];
    readonly users: readonly string[];
    readonly tokens: readonly string[];
  };
}

/** A value that is written in a file. */
export function writtenValue(number: number): string {
  return createHash("sha256").update(`day two ${number}`).digest("hex").slice(0, 40);
}

interface ModelToken {
  readonly owner: string;
  readonly declared: DeclaredToken;
  current: string;
  disabled: boolean;
  /** Replaced values, with the moment when their grace ends, in milliseconds. */
  grace: Map<string, number>;
}

interface ModelUser {
  readonly owner: string;
  readonly declared: DeclaredUser;
  deactivated: boolean;
  /** Groups that were added by hand. */
  byHand: Set<string>;
}

interface ModelGroup {
  readonly owner: string;
  readonly declared: DeclaredGroup;
}

/** What the verifier should say of a value. */
export type Verdict =
  | { readonly accepted: false }
  | { readonly accepted: true; readonly permissions: readonly string[]; readonly all: boolean };

/** What the rules of the manual say about the database, written down a second time and as simply as possible. */
export class Model {
  readonly tokens = new Map<string, ModelToken>();
  readonly users = new Map<string, ModelUser>();
  readonly groups = new Map<string, ModelGroup>();
  readonly revoked = new Set<string>();
  /** Every value that a token ever had. */
  readonly values = new Set<string>();

  /** An `apply` of this owner's file that succeeded. */
  apply(
    owner: string,
    file: DeclaredFile,
    prune: boolean,
    generated: ReadonlyMap<string, string>,
    nowMs: number,
  ): void {
    drop(this.tokens, owner, file.tokens, file.absent.tokens, prune);
    drop(this.users, owner, file.users, file.absent.users, prune);
    drop(this.groups, owner, file.groups, file.absent.groups, prune);
    for (const declared of file.groups.values()) {
      const earlier = take(this.groups, declared.name, declared.renamedFrom);
      this.groups.set(declared.name, { owner, declared });
      if (earlier) this.renameGroup(earlier.declared.name, declared.name);
    }
    for (const declared of file.users.values()) {
      const earlier = take(this.users, declared.username, declared.renamedFrom);
      const groups = declared.groups.map((each) => ({ ...each, name: named(this.groups, each.name) }));
      this.users.set(declared.username, {
        owner,
        declared: { ...declared, groups },
        deactivated: earlier?.deactivated ?? false,
        byHand: earlier?.byHand ?? new Set(),
      });
      if (earlier) this.renameUser(earlier.declared.username, declared.username);
    }
    for (const declared of file.tokens.values()) {
      const earlier = take(this.tokens, declared.identifier, declared.renamedFrom);
      const value = declared.value === "generate" ? generated.get(declared.identifier) : writtenValue(declared.value);
      const user = declared.user === undefined ? undefined : named(this.users, declared.user);
      const token: ModelToken = {
        owner,
        declared: { ...declared, user },
        current: earlier?.current ?? "",
        disabled: earlier?.disabled ?? false,
        grace: earlier?.grace ?? new Map(),
      };
      this.tokens.set(declared.identifier, token);
      if (value !== undefined && value !== token.current) {
        this.replace(token, value, earlier && hasEnded(earlier, nowMs) ? 0 : declared.graceHours, nowMs);
      }
    }
  }

  /** A token got another value. */
  replace(token: ModelToken, value: string, graceHours: number, nowMs: number): void {
    if (graceHours === 0) token.grace.clear();
    else if (token.current !== "" && !this.revoked.has(token.current)) {
      token.grace.set(token.current, nowMs + graceHours * 3_600_000);
    }
    for (const other of this.tokens.values()) other.grace.delete(value);
    token.current = value;
    token.disabled = false;
    this.values.add(value);
  }

  revoke(values: Iterable<string>): void {
    for (const value of values) {
      this.revoked.add(value);
      for (const token of this.tokens.values()) token.grace.delete(value);
    }
  }

  verdict(value: string, nowMs: number): Verdict {
    const no = { accepted: false } as const;
    if (this.revoked.has(value)) return no;
    for (const token of this.tokens.values()) {
      const graceEnds = token.grace.get(value);
      if (token.current !== value && !(graceEnds !== undefined && nowMs < graceEnds)) continue;
      const { enabled, validFrom, expiresAt, user: username, permissions = [] } = token.declared;
      if (!enabled || token.disabled) return no;
      if (validFrom !== undefined && nowMs < Date.parse(validFrom)) return no;
      if (expiresAt !== undefined && nowMs >= Date.parse(expiresAt)) return no;
      if (username === undefined) return { accepted: true, permissions: [...new Set(permissions)].sort(), all: false };
      const user = this.users.get(username);
      if (!user?.declared.isActive || user.deactivated) return no;
      const held = this.permissionsOf(user, nowMs);
      const narrowing = token.declared.permissions;
      if (narrowing === undefined) return { accepted: true, permissions: held, all: user.declared.isSuperuser };
      const kept = narrowing.filter((name) => user.declared.isSuperuser || held.includes(name));
      return { accepted: true, permissions: [...new Set(kept)].sort(), all: false };
    }
    return no;
  }

  permissionsOf({ declared, byHand }: ModelUser, nowMs: number): readonly string[] {
    const groups = declared.groups
      .filter(({ until }) => until === undefined || nowMs < Date.parse(until))
      .map(({ name }) => name);
    const ofGroups = [...groups, ...byHand].flatMap((name) => this.groups.get(name)?.declared.permissions ?? []);
    return [...new Set([...declared.permissions, ...ofGroups])].sort();
  }

  /** Whether some administrator could sign in. */
  hasAdministrator(): boolean {
    return [...this.users.values()].some(
      ({ declared, deactivated }) => declared.isSuperuser && declared.isActive && declared.canSignIn && !deactivated,
    );
  }

  private renameGroup(from: string, to: string): void {
    if (from === to) return;
    for (const user of this.users.values()) {
      if (user.byHand.delete(from)) user.byHand.add(to);
      const groups = user.declared.groups.map((each) => (each.name === from ? { ...each, name: to } : each));
      Object.assign(user, { declared: { ...user.declared, groups } });
    }
  }

  private renameUser(from: string, to: string): void {
    if (from === to) return;
    for (const token of this.tokens.values()) {
      if (token.declared.user === from) Object.assign(token, { declared: { ...token.declared, user: to } });
    }
  }
}

function drop(
  rows: Map<string, { readonly owner: string }>,
  owner: string,
  declared: ReadonlyMap<string, { readonly renamedFrom: string | undefined }>,
  absent: readonly string[],
  prune: boolean,
): void {
  for (const name of absent) rows.delete(name);
  if (!prune) return;
  const moved = new Set([...declared.values()].flatMap(({ renamedFrom }) => renamedFrom ?? []));
  for (const [name, row] of rows) if (row.owner === owner && !declared.has(name) && !moved.has(name)) rows.delete(name);
}

/** Whether a token is disabled or has expired: its value gets no grace period, in which a new value would revive it. */
export function hasEnded({ declared, disabled }: ModelToken, nowMs: number): boolean {
  return disabled || !declared.enabled || (declared.expiresAt !== undefined && nowMs >= Date.parse(declared.expiresAt));
}

/** The row that this entry is about, taken out under the name that it had. */
function take<T>(rows: Map<string, T>, name: string, renamedFrom: string | undefined): T | undefined {
  const row = rows.get(name) ?? (renamedFrom === undefined ? undefined : rows.get(renamedFrom));
  if (!rows.has(name) && renamedFrom !== undefined) rows.delete(renamedFrom);
  return row;
}

/** What a reference means: an entry may still go by the name that it had. */
function named(
  rows: ReadonlyMap<string, { readonly declared: { readonly renamedFrom: string | undefined } }>,
  name: string,
): string {
  if (rows.has(name)) return name;
  for (const [now, { declared }] of rows) if (declared.renamedFrom === name) return now;
  return name;
}
