import { describe, expect, it } from "vitest";
import { checkTokenFormat, digestToken } from "../../src/secrets/token.js";
import { contentsOf } from "../support/databases.js";
import { openForTest, resource } from "../support/run.js";
import { token, tokenValue, user } from "../verifier/verifier-world.js";
import { created, errorsOf, group, jan, makeTokensWorld, verify } from "./tokens-world.js";

describe("making a token at run time", () => {
  it("S57 S59 S65 hands out a generated value once and keeps its digest alone", async () => {
    const { tokens, newToken, url } = await makeTokensWorld();
    const outcome = created(await tokens.create(await newToken({ application: "Zaaksysteem" })));
    const plain = outcome.token.reveal();
    expect(checkTokenFormat(plain)).toBe("generated");
    const { runId, ...rest } = JSON.parse(JSON.stringify(outcome));
    expect(rest).toEqual({ kind: "created", identifier: "zaaksysteem", token: "[secret]" });
    expect(runId).toMatch(/^[\da-f-]{36}$/);

    const { kysely } = await openForTest(url);
    const rows = await kysely.selectFrom("api_tokens").selectAll().execute();
    expect(rows).toEqual([
      expect.objectContaining({
        identifier: "zaaksysteem",
        digest: digestToken(outcome.token),
        owner: null,
        generated: 1,
        contact_person: "Jan de Vries",
        email: "jan@gemeente.example",
        application: "Zaaksysteem",
        organization: "",
        administration: "",
        permissions: null,
        expires_at: null,
        grace_seconds: 0,
      }),
    ]);
    expect(await contentsOf(url)).not.toContain(plain);
    expect(JSON.stringify(await tokens.list((await newToken()).userId))).not.toContain(plain);
  });

  it("creates a token that is accepted at once, as its user", async () => {
    const { tokens, newToken, url } = await makeTokensWorld();
    const authenticate = await verify(url);
    const outcome = created(await tokens.create(await newToken()));
    expect(await authenticate(outcome.token.reveal())).toMatchObject({
      kind: "authenticated",
      principal: {
        user: { username: "jan", isService: false },
        credential: "zaaksysteem",
        permissions: new Set(["berichten.view_bericht", "taken.view_externetaak", "taken.add_externetaak"]),
      },
    });
  });

  it("S64 narrows the token to permissions that the user holds, and to no others", async () => {
    const { tokens, newToken, url } = await makeTokensWorld();
    const own = ["taken.view_externetaak", "berichten.view_bericht"];
    const refused = await tokens.create(await newToken({ permissions: [...own, "taken.delete_externetaak"] }));
    expect(refused).toEqual({
      kind: "refused",
      errors: [
        { code: "permission_not_held", field: "permissions", message: "expected only permissions that the user has" },
      ],
    });
    const outcome = created(await tokens.create(await newToken({ permissions: own })));
    const authenticate = await verify(url);
    expect(await authenticate(outcome.token.reveal())).toMatchObject({
      principal: { permissions: new Set(own) },
    });
  });

  it("narrows a superuser's token to any permission, and one to none where none is named", async () => {
    const { tokens, newToken, idOf, url } = await makeTokensWorld([user("eva", { is_superuser: true })]);
    const userId = await idOf("eva");
    const one = created(await tokens.create(await newToken({ userId, permissions: ["zaken.view_zaak"] })));
    const none = created(await tokens.create(await newToken({ userId, identifier: "niets", permissions: [] })));
    const authenticate = await verify(url);
    for (const [{ token: value }, permissions] of [
      [one, ["zaken.view_zaak"]],
      [none, []],
    ] as const) {
      const outcome = await authenticate(value.reveal());
      expect(outcome).toMatchObject({ kind: "authenticated", principal: { permissions: new Set(permissions) } });
      expect(outcome.kind === "authenticated" && outcome.principal.hasPermission("taken.add_externetaak")).toBe(false);
    }
  });

  it("says that an identifier is taken, also by another user's token, and changes nothing", async () => {
    const { tokens, newToken, idOf, url } = await makeTokensWorld([group, jan, user("eva")]);
    const first = created(await tokens.create(await newToken()));
    const before = await contentsOf(url);
    expect(await tokens.create(await newToken({ userId: await idOf("eva") }))).toEqual({ kind: "taken" });
    expect(await contentsOf(url)).toBe(before);
    const second = created(
      await tokens.create(await newToken({ userId: await idOf("eva"), identifier: "Zaaksysteem" })),
    );
    expect(second.token.reveal()).not.toBe(first.token.reveal());
  });

  it("creates one of several with the same identifier at the same time", async () => {
    const { tokens, newToken } = await makeTokensWorld();
    const request = await newToken();
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => tokens.create(request)));
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(["created", "taken", "taken", "taken"]);
  });

  it("refuses an inactive user, a service user and one who is not there, but not a user in use", async () => {
    const service = token("dienst", tokenValue);
    const { tokens, newToken, idOf } = await makeTokensWorld([group, jan, user("weg", { is_active: false }), service]);
    for (const userId of [await idOf("weg"), await idOf("dienst"), "nobody"]) {
      expect(await tokens.create(await newToken({ userId }))).toEqual({
        kind: "refused",
        errors: [{ code: "user_not_active", message: "expected an active user who is a person" }],
      });
    }
    created(await tokens.create(await newToken()));
  });

  it("S63 creates a token that is accepted until its expiry and not from then on", async () => {
    const { tokens, newToken, url } = await makeTokensWorld();
    let nowMs = Date.now();
    const expiresAt = new Date(Date.now() + 3_600_000);
    const { token: value } = created(await tokens.create(await newToken({ expiresAt })));
    const authenticate = await verify(url, () => nowMs);
    nowMs = expiresAt.getTime() - 1;
    expect((await authenticate(value.reveal())).kind).toBe("authenticated");
    nowMs = expiresAt.getTime();
    expect((await authenticate(value.reveal())).kind).toBe("rejected");
  });

  it("reports everything that is wrong at once, without the given values", async () => {
    const { tokens, newToken } = await makeTokensWorld();
    const bad = { identifier: "k w a a d", contactPerson: "", email: "k w a a d", permissions: ["k w a a d"] };
    const outcome = await tokens.create(await newToken({ ...bad, userId: "k w a a d", expiresAt: new Date(0) }));
    expect(errorsOf(outcome)).toEqual([
      "invalid_value identifier",
      "invalid_value contactPerson",
      "invalid_value email",
      "invalid_value permissions",
      "in_the_past expiresAt",
      "user_not_active",
    ]);
    expect(JSON.stringify(outcome)).not.toContain("k w a a d");
  });

  it("S95 stores quotes and the like as they are", async () => {
    const { tokens, newToken } = await makeTokensWorld();
    const contactPerson = `'; drop table api_tokens; -- "\\ $1 ?`;
    const request = await newToken({ contactPerson });
    created(await tokens.create(request));
    expect(await tokens.list(request.userId)).toMatchObject([{ contactPerson }]);
  });

  it("S96 leaves a record of who created what for whom, without the value", async () => {
    const { tokens, newToken, url } = await makeTokensWorld();
    const request = await newToken({
      permissions: ["taken.view_externetaak"],
      expiresAt: new Date("2040-01-01T00:00:00Z"),
    });
    const { kysely } = await openForTest(url);
    const runs = () => kysely.selectFrom("runs").selectAll().where("actor", "=", "login:jan").execute();
    await tokens.create({ ...request, email: "geen adres" });
    expect(await runs()).toEqual([]);
    const { token: value } = created(await tokens.create(request));
    const [run, ...others] = await runs();
    expect(others).toEqual([]);
    expect(run).toMatchObject({ actor: "login:jan", through: "self-service", owner: "", files: "[]" });
    const changes = await kysely
      .selectFrom("run_changes")
      .selectAll()
      .where("run_id", "=", run?.id ?? "")
      .execute();
    const [{ id }] = [await kysely.selectFrom("api_tokens").select("id").executeTakeFirstOrThrow()];
    expect(changes).toMatchObject([{ action: "create", kind: "api_token", key: "zaaksysteem", resource_id: id }]);
    expect(JSON.parse(changes[0]?.fields ?? "")).toEqual([
      { name: "user", before: null, after: request.userId },
      { name: "token", sensitive: true },
      { name: "expires_at", before: null, after: "2040-01-01T00:00:00.000Z" },
      { name: "permissions", before: null, after: ["taken.view_externetaak"] },
    ]);
    expect(JSON.stringify([run, changes])).not.toContain(value.reveal());
    expect(JSON.stringify([run, changes])).not.toContain(digestToken(value));
  });

  it("gives an apply of the same files no changes, also with --prune", async () => {
    const { tokens, newToken, apply, url } = await makeTokensWorld();
    const { token: value } = created(await tokens.create(await newToken()));
    expect(await apply([group, jan], { prune: true })).toMatchObject({ outcome: "unchanged" });
    const authenticate = await verify(url);
    expect((await authenticate(value.reveal())).kind).toBe("authenticated");
  });

  it("creates a token that a file takes over by declaring its identifier", async () => {
    const { tokens, newToken, apply } = await makeTokensWorld();
    const request = await newToken();
    created(await tokens.create(request));
    await apply([group, jan, token("zaaksysteem", tokenValue, { user: "jan", permissions: null })]);
    expect(await tokens.list(request.userId)).toMatchObject([{ identifier: "zaaksysteem", isManaged: true }]);
    const outcome = await tokens.revoke(request);
    expect(errorsOf(outcome)).toEqual(["managed_by_configuration identifier"]);
  });

  it("keeps its user from being deleted by a file", async () => {
    const { tokens, newToken, apply } = await makeTokensWorld();
    created(await tokens.create(await newToken()));
    const gone = { ...resource("user", "jan"), present: false };
    await expect(apply([group, gone])).rejects.toMatchObject({ diagnostics: [{ code: "RESOURCE_IN_USE" }] });
  });
});
