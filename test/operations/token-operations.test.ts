import { describe, expect, it, onTestFinished } from "vitest";
import { createTokenOperations } from "../../src/operations/token-operations.js";
import { openForTest, temporaryDatabase } from "../support/run.js";
import { token, tokenValue, user } from "../verifier/verifier-world.js";
import { created, group, jan, makeTokensWorld, verify } from "./tokens-world.js";

describe("the token operations", () => {
  it("lists a user's tokens by identifier, managed ones too, and no other user's", async () => {
    const managed = token("m-beheerd", tokenValue, {
      user: "jan",
      permissions: ["taken.view_externetaak"],
      expires_at: "2040-01-01T00:00:00.000Z",
      organization: "Gemeente",
      application: "App",
      administration: "Adm",
    });
    const { tokens, newToken, idOf } = await makeTokensWorld([group, jan, user("eva"), managed]);
    const eva = await idOf("eva");
    for (const identifier of ["z-eigen", "a-eigen"]) created(await tokens.create(await newToken({ identifier })));
    const own = {
      contactPerson: "Jan de Vries",
      email: "jan@gemeente.example",
      organization: "",
      application: "",
      administration: "",
      description: "",
      permissions: null,
      allowedIps: null,
      rateLimit: null,
      validFrom: null,
      expiresAt: null,
      lastUsedAt: null,
      isManaged: false,
      isRevoked: false,
      isDisabled: false,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    };
    expect(await tokens.list(await idOf("jan"))).toEqual([
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
    expect(await tokens.list(eva)).toEqual([]);
  });

  it("returns a user's name, address and groups, each group once whatever gave it", async () => {
    const { tokens, idOf, url } = await makeTokensWorld();
    const userId = await idOf("jan");
    const { kysely } = await openForTest(url);
    const { id } = await kysely.selectFrom("groups").select("id").executeTakeFirstOrThrow();
    await kysely.insertInto("user_groups").values({ user_id: userId, group_id: id, origin: "claim" }).execute();
    expect(await tokens.account(userId)).toEqual({
      username: "jan",
      firstName: "Jan",
      lastName: "de Vries",
      email: "jan@gemeente.example",
      groups: ["behandelaars"],
    });
    expect(await tokens.account("nobody")).toBeUndefined();
  });

  it("opens a prepared database and refuses one that is not there or not prepared", async () => {
    const missing = temporaryDatabase();
    await expect(createTokenOperations({ database: missing })).rejects.toMatchObject({ reason: "unavailable" });
    const { url } = await makeTokensWorld();
    const tokens = await createTokenOperations({ database: url });
    onTestFinished(() => tokens.close());
    expect(await tokens.list("nobody")).toEqual([]);
  });

  it("waits for another writer for two seconds, then says that the database is locked", async () => {
    const { tokens, newToken, url } = await makeTokensWorld();
    const { kysely } = await openForTest(url);
    const request = await newToken();
    const other = await kysely.startTransaction().execute();
    await other.updateTable("setup_state").set({ revision: 7 }).execute();
    await expect(tokens.create(request)).rejects.toMatchObject({
      reason: "unavailable",
      diagnostics: [{ code: "DATABASE_LOCKED" }],
    });
    const waiting = tokens.create(request);
    await other.rollback().execute();
    created(await waiting);
  });

  it("keeps what is being written when it is closed", async () => {
    const { newToken, url } = await makeTokensWorld();
    const tokens = await createTokenOperations({ database: url });
    const writing = tokens.create(await newToken());
    await tokens.close();
    const { token: value } = created(await writing);
    const authenticate = await verify(url);
    expect((await authenticate(value.reveal())).kind).toBe("authenticated");
  });
});
