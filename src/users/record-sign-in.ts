import type { Connection } from "../database/database.js";
import { type ChangeRecord, writeRun } from "../database/journal.js";
import { version } from "../version.js";
import type { UserRow } from "./find-user.js";
import type { UserChange } from "./user-change.js";

export interface SignInRecord {
  readonly id: string;
  /** Such as `sign-in:api-oidc`. */
  readonly actor: string;
  /** ISO 8601, UTC. */
  readonly now: string;
  /** As it was; undefined where it is new. */
  readonly before: UserRow | undefined;
  readonly user: { readonly id: string; readonly username: string };
  readonly change: UserChange;
  /** Groups that were made for the user. */
  readonly madeGroups: readonly { readonly id: string; readonly name: string }[];
}

/** What decides about access; the rest is the person's own and only named. */
const flags = ["is_active", "is_staff", "is_superuser"] as const;
const personal = ["issuer", "subject", "email", "first_name", "last_name"] as const;

/** Records whom claims made, changed, or gave groups and rights, beside the runs that files made. */
export async function recordSignIn(tx: Connection, record: SignInRecord): Promise<void> {
  const { id, actor, now, user, change, madeGroups } = record;
  const changes: readonly ChangeRecord[] = [
    ...madeGroups.map((group) => ({
      action: "create" as const,
      kind: "group",
      key: group.name,
      id: group.id,
      fields: [],
    })),
    {
      ...{ action: record.before ? "update" : "create", kind: "user", key: user.username, id: user.id },
      fields: fieldsOf(record.before, change),
    },
  ];
  await writeRun(tx, { id, startedAt: now, finishedAt: now, actor, owner: "", version, files: [] }, changes);
}

function fieldsOf(before: UserRow | undefined, { fields, groups }: UserChange): ChangeRecord["fields"] {
  return [
    ...(before && fields.username !== undefined
      ? [{ name: "key", before: before.username, after: fields.username }]
      : []),
    ...personal.filter((name) => Object.hasOwn(fields, name)).map((name) => ({ name, sensitive: true })),
    ...flags
      .filter((name) => Object.hasOwn(fields, name))
      .map((name) => ({ name, before: before ? before[name] === 1 : null, after: fields[name] === 1 })),
    ...(groups ? [{ name: "claim_groups", ...groups }] : []),
  ];
}
