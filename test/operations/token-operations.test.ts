import { describe, expect, it, onTestFinished } from "vitest";
import { createTokenDesk } from "../../src/operations/token-operations.js";
import { openForTest, temporaryDatabase } from "../support/run.js";
import { token, tokenValue, user } from "../verifier/verifier-world.js";
import { created, group, jan, makeDeskWorld, verify } from "./tokens-world.js";

describe("the token desk", () => {
  it("lists a user's tokens by identifier, managed ones too, and nobody else's", async () => {
    const managed = token("m-beheerd", tokenValue, {
      user: "jan",
      permissions: ["taken.view_externetaak"],
      expires_at: "2040-01-01T00:00:00.000Z",
      organization: "Gemeente",
      application: "App",
      administration: "Adm",
    });
    const { desk, newToken, idOf } = await makeDeskWorld([group, jan, user("eva"), managed]);
    const eva = await idOf("eva");
    for (const identifier of ["z-eigen", "a-eigen"]) created(await desk.create(await newToken({ identifier })));
    const own = {
      contactPerson: "Jan de Vries",
      email: "jan@gemeente.example",
      organization: "",
      application: "",
      administration: "",
      permissions: null,
      expiresAt: null,
      lastUsedAt: null,
      isManaged: false,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    };
    expect(await desk.list(await idOf("jan"))).toEqual([
      { ...own, identifier: "a-eigen" },
      {
        ...own,
        identifier: "m-beheerd",
        isManaged: true,
        permissions: ["taken.view_externetaak"],
        contactPerson: "Functioneel beheer",
        email: "beheer@gemeente.example",
        organization: "Gemeente",
        application: "App",
        administration: "Adm",
        expiresAt: "2040-01-01T00:00:00.000Z",
      },
      { ...own, identifier: "z-eigen" },
    ]);
    expect(await desk.list(eva)).toEqual([]);
  });

  it("tells a user's name, address and groups, each group once whoever gave it", async () => {
    const { desk, idOf, url } = await makeDeskWorld();
    const userId = await idOf("jan");
    const { kysely } = await openForTest(url);
    const { id } = await kysely.selectFrom("groups").select("id").executeTakeFirstOrThrow();
    await kysely.insertInto("user_groups").values({ user_id: userId, group_id: id, origin: "claim" }).execute();
    expect(await desk.account(userId)).toEqual({
      username: "jan",
      firstName: "Jan",
      lastName: "de Vries",
      email: "jan@gemeente.example",
      groups: ["behandelaars"],
    });
    expect(await desk.account("nobody")).toBeUndefined();
  });

  it("opens a prepared database and refuses one that is not there or not prepared", async () => {
    const missing = temporaryDatabase();
    await expect(createTokenDesk({ database: missing })).rejects.toMatchObject({ reason: "unavailable" });
    const { url } = await makeDeskWorld();
    const desk = await createTokenDesk({ database: url });
    onTestFinished(() => desk.close());
    expect(await desk.list("nobody")).toEqual([]);
  });

  it("waits for another writer for two seconds, then says that the database is locked", async () => {
    const { desk, newToken, url } = await makeDeskWorld();
    const { kysely } = await openForTest(url);
    const request = await newToken();
    const other = await kysely.startTransaction().execute();
    await other.updateTable("setup_state").set({ revision: 7 }).execute();
    await expect(desk.create(request)).rejects.toMatchObject({
      reason: "unavailable",
      problems: [{ code: "DATABASE_LOCKED" }],
    });
    const waiting = desk.create(request);
    await other.rollback().execute();
    created(await waiting);
  });

  it("keeps what is being written when it is closed", async () => {
    const { newToken, url } = await makeDeskWorld();
    const desk = await createTokenDesk({ database: url });
    const writing = desk.create(await newToken());
    await desk.close();
    const { token: value } = created(await writing);
    const authenticate = await verify(url);
    expect((await authenticate(value.reveal())).kind).toBe("authenticated");
  });
});
