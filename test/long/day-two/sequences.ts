import fc from "fast-check";
import { sql } from "kysely";
import { expect } from "vitest";
import { changeUsers } from "../../../src/operations/change-users.js";
import { activation, deactivation } from "../../../src/operations/deactivate-users.js";
import { switchTokens } from "../../../src/operations/disable-tokens.js";
import { unlinking } from "../../../src/operations/end-sign-ins.js";
import { revokeLeakedValues, revokeTokens } from "../../../src/operations/revoke-tokens.js";
import { rotateToken } from "../../../src/operations/rotate-token.js";
import { Secret } from "../../../src/secrets/secret.js";
import { type Action, action, edited, nameOf, tidied } from "./actions.js";
import { type DeclaredFile, hasEnded } from "./model.js";
import {
  changesOfExport,
  createWorld,
  type Owner,
  operate,
  owners,
  plannedAccess,
  plannedChanges,
  rowsOf,
  tryApply,
  verdictOf,
  type World,
  withoutAbsent,
} from "./world.js";

const actor = { actor: "tester@host" };

/** Runs as many sequences of files, commands, hand edits, renames, rotations, prunes and time, the same ones for a seed. */
export async function runSequences(numRuns: number, seed: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 4, maxLength: 14, size: "max" }), async (actions) => {
      const world = await createWorld();
      try {
        for (const next of actions) {
          await act(world, next);
          await verify(world);
        }
        expect(await changesOfExport(world)).toEqual([]);
      } finally {
        await world.close();
      }
    }),
    { numRuns, seed },
  );
}

/** The same each time, so that a failure is that of a change; another number tries others. */
export const seed = Number(process.env.DAY_TWO_SEED ?? 1);

async function act(world: World, next: Action): Promise<void> {
  const { model, nowMs } = world;
  const hadAdministrator = model.hasAdministrator();
  const options = {
    through: "token revoke" as const,
    now: () => world.nowMs,
    newId: () => crypto.randomUUID(),
    allowsLastAdministrator: false,
    sign: () => undefined,
  };
  switch (next.type) {
    case "wait":
      world.nowMs += next.hours * 3_600_000;
      return;
    case "apply": {
      let file = world.files.get(next.owner) as DeclaredFile;
      for (const edit of next.edits) file = edited(next.owner, file, edit, nowMs);
      const others = [...world.files].flatMap(([owner, other]) => (owner === next.owner ? [] : [other]));
      await applyFile(world, next.owner, next.tidy ? tidied(file, others) : file, next.prune);
      break;
    }
    case "rollback": {
      const history = world.history.get(next.owner) ?? [];
      const earlier = history.at(-2);
      if (earlier) await applyFile(world, next.owner, earlier, true);
      break;
    }
    case "rotate": {
      const name = nameOf(next.owner, "tokens", next.index);
      const value = await operate(world, (tx) =>
        rotateToken(tx, name, { ...actor, graceSeconds: next.graceHours * 3600 }, options),
      );
      const token = model.tokens.get(name);
      expect(value.kind === "changed").toBe(token?.declared.value === "generate");
      if (value.kind === "changed" && token) {
        const graceHours = hasEnded(token, nowMs) ? 0 : next.graceHours;
        model.replace(token, value.generated.value.reveal(), graceHours, nowMs);
      }
      break;
    }
    case "revoke": {
      const name = nameOf(next.owner, "tokens", next.index);
      const token = model.tokens.get(name);
      await operate(world, (tx) => revokeTokens(tx, [name], { ...actor, reason: "leaked" }, options));
      if (token) model.revoke([token.current, ...token.grace.keys()]);
      break;
    }
    case "revokeValue": {
      const value = [...model.values][next.index % Math.max(model.values.size, 1)];
      if (value === undefined) return;
      const had = [...model.tokens.values()].some((token) => token.current === value || token.grace.has(value));
      await operate(world, (tx) =>
        revokeLeakedValues(tx, [new Secret(value)], { ...actor, reason: "leaked" }, options),
      );
      if (had) model.revoke([value]);
      break;
    }
    case "disable":
    case "enable": {
      const name = nameOf(next.owner, "tokens", next.index);
      await operate(world, (tx) => switchTokens(tx, [name], next.type === "enable", actor, options));
      const token = model.tokens.get(name);
      if (token) token.disabled = next.type === "disable";
      break;
    }
  }
  if (next.type === "email" || next.type === "join") await byHand(world, next);
  if (next.type === "deactivate" || next.type === "activate" || next.type === "unlink") {
    const name = nameOf(next.owner, "users", next.index);
    const user = model.users.get(name);
    const operation = { deactivate: deactivation(actor), activate: activation, unlink: unlinking }[next.type];
    const done = await operate(world, (tx) => changeUsers(tx, [name], operation, actor, options));
    if (user && done.kind === "changed" && next.type !== "unlink") user.deactivated = next.type === "deactivate";
  }
  if (hadAdministrator) expect(model.hasAdministrator(), "a person can still sign in as administrator").toBe(true);
}

/** What a person does to the database without the program. */
async function byHand(
  { model, database: { kysely } }: World,
  { type, owner, index }: Extract<Action, { type: "email" | "join" }>,
): Promise<void> {
  const [username, name] = [nameOf(owner, "users", index), nameOf("alfa", "groups", index % 2)];
  const [user, group] = [model.users.get(username), model.groups.get(name)];
  if (type === "email") {
    await kysely.updateTable("users").set({ email: "by@hand.example" }).where("username", "=", username).execute();
  } else if (user && group && !user.byHand.has(name)) {
    await sql`insert into user_groups (user_id, group_id, origin)
      select users.id, groups.id, 'manual' from users, groups where username = ${username} and name = ${name}`.execute(
      kysely,
    );
    user.byHand.add(name);
  }
  await kysely
    .updateTable("setup_state")
    .set((eb) => ({ revision: eb("revision", "+", 1) }))
    .execute();
}

async function applyFile(world: World, owner: Owner, file: DeclaredFile, prune: boolean): Promise<void> {
  const others = [...owners.filter((other) => other !== owner), null];
  const before = await Promise.all(others.map((other) => rowsOf(world.database.kysely, other)));
  const own = await rowsOf(world.database.kysely, owner);
  const planned = await plannedAccess(world, owner, file, { prune });
  const result = await tryApply(world, owner, file, { prune });
  expect(await Promise.all(others.map((other) => rowsOf(world.database.kysely, other)))).toEqual(before);
  if (result === undefined) {
    expect(await rowsOf(world.database.kysely, owner)).toEqual(own);
    return;
  }
  const generated = new Map(result.generated.map(({ key, value }) => [key, value.reveal()]));
  world.model.apply(owner, file, prune, generated, world.nowMs);
  world.files.set(owner, withoutAbsent(file));
  world.history.set(owner, [...(world.history.get(owner) ?? []), withoutAbsent(file)]);
  expect(await plannedChanges(world, owner)).toEqual([]);
  const current = [...world.model.tokens].map(([name, token]) => [
    name,
    world.model.verdict(token.current, world.nowMs),
  ]);
  expect(planned, "effective access, computed before").toEqual(Object.fromEntries(current));
}

async function verify(world: World): Promise<void> {
  const { model, nowMs, database } = world;
  for (const value of model.values) {
    expect({ value, ...(await verdictOf(world, value)) }).toEqual({ value, ...model.verdict(value, nowMs) });
  }
  const names = async (table: "groups" | "users" | "api_tokens", column: string) => {
    const rows: readonly Record<string, unknown>[] = await database.kysely.selectFrom(table).selectAll().execute();
    return rows
      .filter((row) => row.is_service !== 1)
      .map((row) => String(row[column]))
      .sort();
  };
  expect({
    groups: await names("groups", "name"),
    users: await names("users", "username"),
    tokens: await names("api_tokens", "identifier"),
  }).toEqual({
    groups: [...model.groups.keys()].sort(),
    users: [...model.users.keys()].sort(),
    tokens: [...model.tokens.keys()].sort(),
  });
}
