import { type Connection, readInPieces } from "../../database/database.js";
import { parseList } from "../../database/tables.js";
import type { CurrentResource, KindOf, PlannedWorld, ReadContext, WriteContext } from "../../plan/kind.js";
import type { ResourceOf } from "../../plan/kind-shape.js";
import { type AttributeValue, type PlannedChange, type Resource, rangeOf } from "../../plan/resource.js";
import { unlinkUsers } from "../../users/write-user.js";
import type { RawDiagnostic } from "../../yaml/node.js";
import { apiClient, type DesiredLink, oidcClient, oidcProvider, type StoredLink, signInLink, user } from "../kinds.js";
import { formerIssuersOf, issuerOf, plannedProviders } from "../known-clients.js";
import { createTableStore } from "../table-store.js";
import { readMembershipEnds, writeMembershipEnds } from "./kind-memberships.js";

const rows = createTableStore(user, { is_service: 0 });

export const userKind: KindOf<typeof user> = {
  ...user,
  ...rows,
  review: reviewSignIn,
  guard: async ({ db }, world) => ({ refusals: [], diagnostics: db ? await reviewLinks(db, world) : [] }),
  inspect: warnOfDeactivated,
  ended: findEnded,
  async read(context, wanted) {
    const users = await rows.read(context, wanted);
    const ids = wanted && users.map(({ id }) => id);
    const [links, ends] = [await readLinks(context, ids), await readMembershipEnds(context.db, ids)];
    return users.map((row) => {
      const own = { groups_until: ends.get(row.id) ?? {}, sign_in: links.get(row.id) ?? null };
      return { ...row, attributes: { ...row.attributes, ...own } };
    });
  },
  async write(context, changes) {
    await writeMembershipEnds(context.db, changes, () => rows.write(context, changes));
    await releaseLinks(context, changes);
    await createLinks(context, changes);
  },
};

/** A command has deactivated what files declare. That fails nothing, since such commands are for emergencies. */
async function warnOfDeactivated({ db }: ReadContext, desired: readonly Resource[]): Promise<readonly RawDiagnostic[]> {
  const rows = await db
    .selectFrom("users")
    .select(["username", "deactivated_at"])
    .where("deactivated_at", "is not", null)
    .execute();
  const since = new Map(rows.map(({ username, deactivated_at: at }) => [username, at ?? ""]));
  return desired.flatMap(({ key, present, attributes, range }): readonly RawDiagnostic[] => {
    const at = since.get(key);
    if (at === undefined || !present || attributes.is_active === false) return [];
    const message = `user ${key} was deactivated on ${at.slice(0, 10)}, so it can't sign in and its tokens are rejected`;
    const hint = `activate it with vtb-setup user activate ${key}, or write \`is_active: false\``;
    return [{ severity: "warning", code: "USER_DEACTIVATED", message, hint, range }];
  });
}

/** The users that a command deactivated. */
async function findEnded({ db }: ReadContext): Promise<ReadonlySet<string>> {
  const rows = await db.selectFrom("users").select("id").where("deactivated_at", "is not", null).execute();
  return new Set(rows.map(({ id }) => id));
}

/** Reports privileged users that nobody can sign in as, where people sign in through a provider. */
function reviewSignIn(world: PlannedWorld): readonly RawDiagnostic[] {
  const clients = [...world.desired(oidcClient).filter(({ present }) => present), ...world.left(oidcClient)];
  const login = clients.find(({ key, attributes }) => key !== apiClient && attributes.enabled === true);
  if (!login) return [];
  const provider = String(login.attributes.provider ?? "PROVIDER");
  return world.desired(user).flatMap((desired) => (needsSignIn(desired) ? missingSignIn(desired, provider) : []));
}

function needsSignIn({ present, attributes, unknown = [] }: ResourceOf<typeof user>): boolean {
  const isPrivileged = attributes.is_superuser === true || attributes.is_staff === true;
  if (unknown.includes("sign_in_provider")) return false;
  return present && isPrivileged && attributes.is_active !== false && (attributes.sign_in_provider ?? null) === null;
}

function missingSignIn({ attributes, range }: ResourceOf<typeof user>, provider: string): RawDiagnostic {
  const lines = `\`sign_in: {provider: ${provider}}\``;
  const code = "SIGN_IN_MISSING";
  if (attributes.is_superuser === true && attributes.password !== undefined) {
    // Right for an emergency account, but not what a file means for a person.
    const message = "this superuser has a password, so it signs in only with that, never through a provider";
    const hint = `keep it for emergencies; for a person, write ${lines} instead of the password`;
    return { severity: "note", code, message, hint, range };
  }
  const what = attributes.is_superuser === true ? "superuser" : "staff account";
  const message = `this ${what} has no \`sign_in\`, so nobody can sign in as it through a provider`;
  const hint = `add ${lines} to this user, with \`subject\` beside \`provider\` to name one person there`;
  return { severity: "warning", code, message, hint, range };
}

/** The links of those users, or of all, that have one, by the user's id. */
async function readLinks(
  { db }: ReadContext,
  ids: readonly string[] | undefined,
): Promise<ReadonlyMap<string, AttributeValue>> {
  const linked = db.selectFrom("users").select(["id", "issuer", "subject"]).where("subject", "is not", null);
  const rows = await readInPieces(ids, (some) => (some ? linked.where("id", "in", some) : linked).execute());
  if (rows.length === 0) return new Map();
  const providers = await db.selectFrom("oidc_providers").select(["identifier", "issuer", "former_issuers"]).execute();
  const byIssuer = new Map<string | null, string[]>();
  for (const { identifier, issuer, former_issuers: former } of providers) {
    for (const name of [issuer, ...parseList(former)]) byIssuer.set(name, [...(byIssuer.get(name) ?? []), identifier]);
  }
  const linkOf = (issuer: string | null, subject: string | null): AttributeValue => ({
    issuer,
    providers: byIssuer.get(issuer) ?? [],
    subject,
  });
  return new Map(rows.map(({ id, issuer, subject }) => [id, linkOf(issuer, subject)]));
}

/** Deletes the links that contradict the files. */
async function releaseLinks({ db }: WriteContext, changes: readonly PlannedChange[]): Promise<void> {
  const released = changes.filter((change) => change.action === "update" && change.changed.includes("sign_in"));
  await unlinkUsers(
    db,
    released.map(({ id }) => id),
  );
}

/** Links new users to the people that are proven to be them, but for people who are linked to another user. */
async function createLinks({ db }: WriteContext, changes: readonly PlannedChange[]): Promise<void> {
  for (const { action, id, attributes } of changes) {
    const link = attributes.sign_in as DesiredLink | null | undefined;
    if (action !== "create" || !link?.isProven || link.subject === null) continue;
    const provider = db.selectFrom("oidc_providers").select("issuer").where("identifier", "=", link.provider);
    const issuer = (await provider.executeTakeFirst())?.issuer ?? null;
    if (issuer === null) continue;
    const linked = db.selectFrom("users").select("id").where("issuer", "=", issuer).where("subject", "=", link.subject);
    if (await linked.executeTakeFirst()) continue;
    await db.updateTable("users").set({ issuer, subject: link.subject }).where("id", "=", id).execute();
  }
}

/**
 * Reports how many users can't sign in any more because no provider has the issuer that they are linked to: a warning where
 * this run causes it, a note afterwards.
 */
async function reviewLinks(db: Connection, world: PlannedWorld): Promise<readonly RawDiagnostic[]> {
  const desired = world.desired(oidcProvider);
  const planned = plannedProviders(world);
  // Without a provider nobody signs in anyway; and an undiscovered issuer may be the missing one.
  const isKnown = planned.length > 0 && planned.every((provider) => issuerOf(provider) !== undefined);
  if (desired.length === 0 || !isKnown) return [];
  const matched = new Set(planned.flatMap((provider) => [issuerOf(provider), ...formerIssuersOf(provider)]));
  const before = world.current(oidcProvider);
  return [...(await countLinks(db, world))].flatMap(([issuer, count]): readonly RawDiagnostic[] => {
    if (matched.has(issuer)) return [];
    const holder = before.find((row) => issuerOf(row) === issuer || formerIssuersOf(row).includes(issuer));
    const resource = desired.find(
      ({ key }) => key === (holder?.key ?? (planned.length === 1 ? planned[0]?.key : undefined)),
    );
    const users = count === 1 ? "1 user is" : `${count} users are`;
    return [
      {
        severity: holder ? "warning" : "note",
        code: "LINKS_UNMATCHED",
        message: `${users} linked to people of the issuer ${issuer}, which no provider has ${holder ? "after this change" : "any more"}: they can't sign in`,
        hint: `if the provider moved and users kept their subjects, write \`oidc_op_former_issuers: [${issuer}]\` at the provider; otherwise write each user's new subject as \`sign_in\``,
        ...(resource && { range: rangeOf(resource, "issuer") }),
      },
    ];
  });
}

/** Users by the issuer of their link, except removed ones and those whose link a file releases. */
async function countLinks(db: Connection, world: PlannedWorld): Promise<ReadonlyMap<string, number>> {
  const linked = db
    .selectFrom("users")
    .select("issuer")
    .select((eb) => eb.fn.countAll<number>().as("count"));
  // Every issuer: a condition with which both databases use the index that the links have.
  const rows = await linked.where("issuer", ">", "").where("subject", "is not", null).groupBy("issuer").execute();
  const counts = new Map(rows.map(({ issuer, count }) => [issuer ?? "", Number(count)]));
  const desiredLinks = new Map(world.desired(user).map(({ key, attributes }) => [key, attributes.sign_in]));
  for (const { key, attributes } of world.current(user)) {
    const link = linkOf(attributes);
    if (link?.issuer == null) continue;
    const desired = desiredLinks.get(key);
    const stays = desired === undefined || signInLink.same(desired, attributes.sign_in) !== false;
    if (!stays || !world.keys(user).has(key)) counts.set(link.issuer, (counts.get(link.issuer) ?? 0) - 1);
  }
  return new Map([...counts].filter(([, count]) => count > 0).sort());
}

function linkOf({ sign_in: link }: CurrentResource["attributes"]): StoredLink | undefined {
  // The kind itself read it.
  return (link ?? undefined) as unknown as StoredLink | undefined;
}
