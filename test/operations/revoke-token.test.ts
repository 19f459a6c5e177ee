import { describe, expect, it } from "vitest";
import { contentsOf, noticeChange } from "../support/databases.js";
import { openForTest } from "../support/run.js";
import { token, tokenValue, user } from "../verifier/verifier-world.js";
import { actor, created, group, jan, makeTokensWorld, verify } from "./tokens-world.js";

describe("ending a token at run time", () => {
  it("S55 S63 lets every verifier reject it from the next request on, and leaves the others alone", async () => {
    const { tokens, newToken, url } = await makeTokensWorld();
    const authenticate = await verify(url);
    const request = await newToken();
    const { token: first } = created(await tokens.create(request));
    const { token: second } = created(await tokens.create({ ...request, identifier: "tweede" }));
    for (const value of [first, second]) {
      expect((await authenticate(value.reveal())).kind).toBe("authenticated");
    }
    expect(await tokens.revoke({ userId: request.userId, identifier: "zaaksysteem", actor })).toEqual({
      kind: "revoked",
    });
    await noticeChange();
    expect((await authenticate(first.reveal())).kind).toBe("rejected");
    expect((await authenticate(second.reveal())).kind).toBe("authenticated");
    expect(await tokens.list(request.userId)).toMatchObject([{ identifier: "tweede" }]);
  });

  it("rejects another user's token exactly as one that does not exist", async () => {
    const { tokens, newToken, idOf, url } = await makeTokensWorld([group, jan, user("eva")]);
    created(await tokens.create(await newToken()));
    const before = await contentsOf(url);
    const userId = await idOf("eva");
    const refused = {
      kind: "refused",
      errors: [{ code: "not_found", field: "identifier", message: "the user has no token with that identifier" }],
    };
    expect(await tokens.revoke({ userId, identifier: "zaaksysteem", actor })).toEqual(refused);
    expect(await tokens.revoke({ userId, identifier: "bestaat-niet", actor })).toEqual(refused);
    expect(await contentsOf(url)).toBe(before);
    expect(await tokens.revoke({ userId: await idOf("jan"), identifier: "zaaksysteem", actor })).toEqual({
      kind: "revoked",
    });
  });

  it("refuses a token that a configuration file manages, and says where to end it", async () => {
    const managed = token("beheerd", tokenValue, { user: "jan", permissions: null });
    const { tokens, newToken, idOf, url } = await makeTokensWorld([group, jan, managed]);
    const userId = await idOf("jan");
    created(await tokens.create(await newToken()));
    expect(await tokens.revoke({ userId, identifier: "beheerd", actor })).toEqual({
      kind: "refused",
      errors: [
        {
          code: "managed_by_configuration",
          field: "identifier",
          message: "the token is managed by a configuration file: revoke it there, with `state: absent`",
        },
      ],
    });
    const authenticate = await verify(url);
    expect((await authenticate(tokenValue)).kind).toBe("authenticated");
    expect(await tokens.revoke({ userId, identifier: "zaaksysteem", actor })).toEqual({ kind: "revoked" });
  });

  it("S96 leaves a record of who ended what, and none where nothing was ended", async () => {
    const { tokens, newToken, url } = await makeTokensWorld();
    const { userId } = await newToken();
    created(await tokens.create(await newToken()));
    const { kysely } = await openForTest(url);
    const { id } = await kysely.selectFrom("api_tokens").select("id").executeTakeFirstOrThrow();
    await tokens.revoke({ userId, identifier: "zaaksysteem", actor });
    await tokens.revoke({ userId, identifier: "zaaksysteem", actor });
    const changes = await kysely
      .selectFrom("run_changes")
      .innerJoin("runs", "runs.id", "run_changes.run_id")
      .select(["actor", "action", "kind", "key", "resource_id", "fields"])
      .where("action", "=", "delete")
      .execute();
    expect(changes).toEqual([
      { actor, action: "delete", kind: "api_token", key: "zaaksysteem", resource_id: id, fields: "[]" },
    ]);
  });

  it("keeps the row of a protected token, whose value works no more", async () => {
    const { tokens, newToken, url } = await makeTokensWorld();
    const request = await newToken();
    const { token: value } = created(await tokens.create(request));
    const { kysely } = await openForTest(url);
    const row = await kysely.selectFrom("api_tokens").select("id").executeTakeFirstOrThrow();
    // As a file said before an owner gave the token up.
    await kysely.insertInto("entry_settings").values({ resource_id: row.id, kind: "api_token", protect: 1 }).execute();
    const authenticate = await verify(url);
    expect((await authenticate(value.reveal())).kind).toBe("authenticated");
    expect(await tokens.revoke({ userId: request.userId, identifier: "zaaksysteem", actor })).toEqual({
      kind: "revoked",
    });
    await noticeChange();
    expect((await authenticate(value.reveal())).kind).toBe("rejected");
    expect(await tokens.list(request.userId)).toMatchObject([{ identifier: "zaaksysteem", isRevoked: true }]);
  });
});
