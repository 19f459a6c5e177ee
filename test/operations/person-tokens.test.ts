import { describe, expect, it } from "vitest";
import type { CreateTokenOutcome } from "../../src/operations/outcome.js";
import type { Forbidden } from "../../src/operations/person.js";
import {
  createTokenAs,
  revokeTokensAs,
  rotateTokenAs,
  switchTokensAs,
  type TokenRequest,
} from "../../src/operations/person-tokens.js";
import { freshForMs } from "../../src/operations/rights.js";
import { policy } from "../../src/resources/kinds.js";
import { Secret } from "../../src/secrets/secret.js";
import { noticeChange } from "../support/databases.js";
import { resource } from "../support/run.js";
import { otherValue, token, tokenValue, user } from "../verifier/verifier-world.js";
import { type AdminWorld, makeAdminWorld, nowMs, recorded, root, staff } from "./admin-world.js";
import { errorsOf, verify } from "./tokens-world.js";

const view = "taken.view_taak";
const remove = "taken.delete_taak";

const persons = [
  root,
  staff("jan", ["change_tokens"], { permissions: [view], first_name: "Jan", last_name: "de Vries" }),
  staff("sec", ["revoke_tokens"], { permissions: [view] }),
  staff("piet", [], { permissions: [view] }),
  user("els", { permissions: [view] }),
  user("boss", { permissions: [remove, view].sort() }),
];

const people = [
  ...persons,
  token("portaal", tokenValue, { permissions: [view] }),
  token("beheer", otherValue, { permissions: [remove] }),
];

async function create(
  world: AdminWorld,
  username: string,
  request: Partial<TokenRequest>,
  authenticatedAtMs?: number,
): Promise<CreateTokenOutcome | Forbidden> {
  const person = await world.person(username, authenticatedAtMs);
  const full: TokenRequest = { for: { kind: "self" }, identifier: "nieuw", permissions: [view], ...request };
  return world.locked((tx) => createTokenAs(tx, person, full, recorded));
}

function tokenIn(outcome: CreateTokenOutcome | Forbidden): string {
  if (outcome.kind !== "created") throw new Error(JSON.stringify(outcome));
  return outcome.token.reveal();
}

const forUser = (username: string) => ({ kind: "user", username }) as const;
const service = { kind: "service_user" } as const;

describe("making a token at the admin pages", () => {
  it("is everybody's who may use them, for oneself and with what one has", async () => {
    const world = await makeAdminWorld(people);
    const outcome = await create(world, "piet", {});
    const authenticate = await verify(world.url, () => nowMs);
    expect(await authenticate(tokenIn(outcome))).toMatchObject({
      kind: "authenticated",
      principal: { user: { username: "piet" }, permissions: new Set([view]) },
    });
    expect(
      errorsOf((await create(world, "piet", { identifier: "meer", permissions: [remove] })) as CreateTokenOutcome),
    ).toEqual(["permission_not_held permissions"]);
    expect(await create(world, "piet", { identifier: "alles", permissions: "all" })).toMatchObject({ kind: "created" });
    expect(await create(world, "els", {})).toEqual({ kind: "forbidden", reason: "not_signed_in" });
    expect(await create(world, "piet", { identifier: "els", for: forUser("els") })).toMatchObject({
      reason: "right_missing",
      right: "change_tokens",
    });
    expect(await create(world, "piet", { for: service })).toMatchObject({ reason: "right_missing" });
  });

  it("for another user needs a recent sign-in, and gives by name what the person has itself", async () => {
    const world = await makeAdminWorld(people);
    const old = nowMs - freshForMs - 1;
    expect(await create(world, "jan", { for: forUser("els") }, old)).toMatchObject({ reason: "sign_in_not_recent" });
    expect(await create(world, "jan", {}, old)).toMatchObject({ kind: "created" });
    expect(await create(world, "jan", { identifier: "els", for: forUser("els") })).toMatchObject({ kind: "created" });
    expect(await create(world, "jan", { identifier: "boss", for: forUser("boss") })).toMatchObject({
      reason: "above_own",
      accounts: ["boss"],
    });
    expect(await create(world, "jan", { identifier: "all", for: forUser("els"), permissions: "all" })).toMatchObject({
      kind: "refused",
      errors: [{ code: "all_not_allowed", field: "permissions" }],
    });
    expect(await create(world, "root", { identifier: "all", for: forUser("els"), permissions: "all" })).toMatchObject({
      kind: "created",
    });
    expect(await create(world, "jan", { identifier: "niemand", for: forUser("niemand") })).toMatchObject({
      errors: [{ code: "user_not_active", field: "username" }],
    });
    expect(await create(world, "jan", { identifier: "els", for: forUser("els") })).toEqual({ kind: "taken" });
  });

  it("for a service user makes that user as a file does, with the permissions that were named", async () => {
    const world = await makeAdminWorld(people);
    expect(await create(world, "jan", { for: service, permissions: [remove] })).toMatchObject({
      errors: [{ code: "permission_not_held", field: "permissions" }],
    });
    expect(await create(world, "root", { for: service, permissions: "all" })).toMatchObject({
      errors: [{ code: "all_not_allowed" }],
    });
    expect(await create(world, "jan", { for: service, identifier: "els" })).toEqual({ kind: "taken" });
    const outcome = await create(world, "jan", { for: service, description: "Portaal" });
    const authenticate = await verify(world.url, () => nowMs);
    expect(await authenticate(tokenIn(outcome))).toMatchObject({
      principal: { user: { username: "nieuw", isService: true }, permissions: new Set([view]) },
    });
    const rows = await world.database.kysely
      .selectFrom("api_tokens")
      .selectAll()
      .where("identifier", "=", "nieuw")
      .execute();
    expect(rows).toMatchObject([
      { owner: null, generated: 1, contact_person: "Jan de Vries", email: "jan@gemeente.example" },
    ]);
    // A file may take it over.
    await world.apply([token("nieuw", new Secret("z".repeat(40)), { permissions: [view] })]);
    const taken = await world.database.kysely
      .selectFrom("api_tokens")
      .select("owner")
      .where("identifier", "=", "nieuw")
      .execute();
    expect(taken).toEqual([{ owner: "default" }]);
  });

  it("complies with the policies of all owners", async () => {
    const world = await makeAdminWorld([...persons, resource(policy.name, "default", { require_expiry: true })]);
    expect(await create(world, "piet", {})).toMatchObject({
      errors: [{ code: "policy_violated", field: "expiresAt" }],
    });
    const expiresAt = new Date(nowMs + 86_400_000);
    expect(await create(world, "piet", { expiresAt })).toMatchObject({ kind: "created" });
    expect(await create(world, "jan", { for: service })).toMatchObject({ errors: [{ code: "policy_violated" }] });
  });
});

describe("ending and renewing tokens at the admin pages", () => {
  it("rotates one's own, or with the right another's, with an overlap", async () => {
    const world = await makeAdminWorld(people);
    const first = tokenIn(await create(world, "piet", { identifier: "piet-1", permissions: "all" }));
    const rotate = async (username: string, identifier: string, overlap: 0 | 86_400 = 0, at?: number) => {
      const person = await world.person(username, at);
      return world.locked((tx) => rotateTokenAs(tx, person, { identifier, overlap }, recorded));
    };
    const done = await rotate("piet", "piet-1", 86_400, nowMs - freshForMs - 1);
    if (done.kind !== "rotated") throw new Error(JSON.stringify(done));
    const at = { nowMs };
    const authenticate = await verify(world.url, () => at.nowMs);
    expect(await authenticate(done.token.reveal())).toMatchObject({ kind: "authenticated" });
    expect(await authenticate(first)).toMatchObject({ kind: "authenticated" });
    at.nowMs += 86_400_001;
    expect(await authenticate(first)).toMatchObject({ kind: "rejected" });
    expect(await rotate("sec", "piet-1")).toMatchObject({ reason: "right_missing" });
    // Its value would follow what piet may later.
    expect(await rotate("jan", "piet-1")).toMatchObject({ errors: [{ code: "all_not_allowed" }] });
    expect(await rotate("root", "piet-1")).toMatchObject({ kind: "rotated" });
    expect(await rotate("jan", "beheer")).toMatchObject({ reason: "above_own", accounts: ["beheer"] });
    expect(await rotate("jan", "portaal")).toMatchObject({
      reason: "managed_by_file",
      owner: "default",
      entries: [{ kind: "api_token", key: "portaal" }],
    });
    expect(await rotate("jan", "portaal", 0, nowMs - freshForMs - 1)).toMatchObject({ reason: "sign_in_not_recent" });
    expect(await rotate("jan", "geen")).toMatchObject({ errors: [{ code: "not_found", field: "identifier" }] });
    const odd = await world.person("piet");
    const outcome = await world.locked((tx) =>
      rotateTokenAs(tx, odd, { identifier: "piet-1", overlap: 5 as 0 }, recorded),
    );
    expect(outcome).toMatchObject({ errors: [{ code: "invalid_value", field: "overlap" }] });
  });

  it("revokes many at once with the right, also what a file manages, and nothing above the person", async () => {
    const world = await makeAdminWorld(people);
    await create(world, "piet", { identifier: "piet-1" });
    const revoke = async (username: string, ...identifiers: readonly string[]) => {
      const person = await world.person(username);
      return world.locked((tx) => revokeTokensAs(tx, person, { identifiers, reason: "leaked" }, recorded));
    };
    expect(await revoke("piet", "portaal")).toMatchObject({ reason: "right_missing", right: "revoke_tokens" });
    expect(await revoke("piet", "piet-1", "portaal")).toMatchObject({ reason: "right_missing" });
    expect(await revoke("piet", "piet-1")).toMatchObject({ kind: "changed", changes: [{ key: "piet-1" }] });
    expect(await revoke("sec", "portaal", "beheer")).toMatchObject({ reason: "above_own", accounts: ["beheer"] });
    const authenticate = await verify(world.url, () => nowMs);
    expect(await authenticate(tokenValue)).toMatchObject({ kind: "authenticated" });
    expect(await revoke("sec", "portaal", "piet-1")).toMatchObject({
      changes: [{ key: "portaal" }],
      unchanged: ["piet-1"],
    });
    await noticeChange();
    expect(await authenticate(tokenValue)).toMatchObject({ kind: "rejected" });
    expect(await revoke("sec", "geen")).toMatchObject({ errors: [{ code: "not_found" }] });
    const rows = await world.database.kysely
      .selectFrom("api_token_revoked")
      .select(["identifier", "revoked_by", "reason"])
      .orderBy("identifier")
      .execute();
    expect(rows).toEqual([
      { identifier: "piet-1", revoked_by: "login:piet", reason: "leaked" },
      { identifier: "portaal", revoked_by: "login:sec", reason: "leaked" },
    ]);
    // The file's value stays revoked.
    await world.apply(people);
    await noticeChange();
    expect(await authenticate(tokenValue)).toMatchObject({ kind: "rejected" });
  });

  it("disables one's own, and enables only with the right, but not what a file disables", async () => {
    const world = await makeAdminWorld([
      ...people,
      token("uit", "u".repeat(40), { permissions: [view], enabled: false }),
    ]);
    await create(world, "piet", { identifier: "piet-1" });
    const switched = async (username: string, enabled: boolean, ...identifiers: readonly string[]) => {
      const person = await world.person(username);
      return world.locked((tx) => switchTokensAs(tx, person, { identifiers, enabled }, recorded));
    };
    expect(await switched("piet", false, "piet-1")).toMatchObject({ kind: "changed" });
    expect(await switched("piet", true, "piet-1")).toMatchObject({ reason: "right_missing", right: "change_tokens" });
    expect(await switched("sec", false, "portaal")).toMatchObject({ kind: "changed" });
    expect(await switched("sec", true, "portaal")).toMatchObject({ reason: "right_missing" });
    expect(await switched("jan", true, "portaal", "piet-1")).toMatchObject({
      changes: [{ key: "piet-1" }, { key: "portaal" }],
    });
    expect(await switched("jan", true, "uit")).toMatchObject({ reason: "managed_by_file" });
    expect(await switched("jan", false, "beheer")).toMatchObject({ reason: "above_own" });
  });
});
