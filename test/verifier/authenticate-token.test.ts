import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { Secret } from "../../src/secrets/secret.js";
import { digestToken, generateToken } from "../../src/secrets/token.js";
import { writtenIn } from "../support/databases.js";
import { openForTest, resource } from "../support/run.js";
import { makeWorld, otherValue, principalIn, problemIn, token, tokenValue, user } from "./verifier-world.js";

const noon = Date.parse("2026-06-01T12:00:00.000Z");
const bearing = (value: string | Secret) => `Token ${typeof value === "string" ? value : value.reveal()}`;

describe("Token", () => {
  it("A10.73 accepts a valid token, and answers an unknown one as Django programs do", async () => {
    const { authenticate, reasons } = await makeWorld([token("open-forms", tokenValue)]);
    const principal = principalIn(await authenticate(bearing(tokenValue)));
    expect(principal).toMatchObject({ scheme: "token", credential: "open-forms" });
    expect(principal.user).toMatchObject({ username: "open-forms", isService: true, isSuperuser: false });
    expect(problemIn(await authenticate(bearing(otherValue)))).toMatchObject({
      status: 401,
      body: {
        code: "authentication_failed",
        title: "Ongeldige authenticatiegegevens.",
        detail: "Ongeldige token.",
      },
    });
    expect(reasons()).toEqual(["unknown_token"]);
  });

  it("compares the value with its case, and whole (runtime §3)", async () => {
    const { authenticate, reasons } = await makeWorld([token("forms", tokenValue)]);
    for (const value of [tokenValue.toUpperCase(), tokenValue.slice(1), `${tokenValue}0`]) {
      expect((await authenticate(bearing(value))).kind).toBe("rejected");
    }
    principalIn(await authenticate(bearing(tokenValue)));
    expect(reasons()).toEqual(["unknown_token", "unknown_token", "unknown_token"]);
  });

  it("A10.78 accepts every authenticated user where no permission is required", async () => {
    const { verifier } = await makeWorld([token("forms", tokenValue, { permissions: [] })]);
    expect(await verifier.authorize(bearing(tokenValue))).toMatchObject({ kind: "allowed" });
    expect(await verifier.authorize(bearing(tokenValue), "taken.view_externetaak")).toMatchObject({ kind: "refused" });
  });

  it("rejects the token of an inactive user with the words of Django programs (runtime §4)", async () => {
    const { authenticate, reasons, apply } = await makeWorld([
      user("jan", { is_active: false }),
      token("a", tokenValue, { user: "jan" }),
    ]);
    expect(problemIn(await authenticate(bearing(tokenValue))).body.detail).toBe("Gebruiker inactief of verwijderd.");
    expect(reasons()).toEqual(["inactive_user"]);
    await apply([user("jan", { is_active: true })]);
    principalIn(await authenticate(bearing(tokenValue)));
  });

  it("S8 does not take a token under Bearer, nor ask a provider about it", async () => {
    const { authenticate, reasons } = await makeWorld([token("forms", tokenValue)]);
    expect((await authenticate(`Bearer ${tokenValue}`)).kind).toBe("rejected");
    expect((await authenticate(`Bearer ${generateToken().reveal()}`)).kind).toBe("rejected");
    expect((await authenticate("Token eyJhbGciOiJub25lIn0.e30.x")).kind).toBe("rejected");
    principalIn(await authenticate(bearing(tokenValue)));
    expect(reasons()).toHaveLength(3);
  });

  it("S58 names a mistyped token in the log only, not to the client, and without a database query", async () => {
    const generated = generateToken();
    const { authenticate, reasons, verifier } = await makeWorld([token("forms", generated)]);
    const plain = generated.reveal();
    const mistyped = plain.slice(0, -1) + (plain.endsWith("0") ? "1" : "0");
    principalIn(await authenticate(bearing(generated)));
    const unknown = problemIn(await authenticate(bearing(generateToken())));
    await verifier.close();
    const wrong = problemIn(await authenticate(bearing(mistyped)));
    expect({ ...wrong.body, instance: "" }).toEqual({ ...unknown.body, instance: "" });
    expect(wrong.headers).toEqual(unknown.headers);
    expect(reasons()).toEqual(["unknown_token", "mistyped"]);
    await expect(authenticate(bearing(generateToken()))).rejects.toThrow("DATABASE_UNREACHABLE");
  });

  it("S59 leaves no token in the database or its log", async () => {
    const { authenticate, url, verifier } = await makeWorld([token("forms", tokenValue)]);
    const written = async () => {
      if (!url.startsWith("sqlite:")) return await writtenIn(url);
      const folder = dirname(url.slice("sqlite:".length));
      return Buffer.concat(readdirSync(folder).map((file) => readFileSync(join(folder, file))));
    };
    principalIn(await authenticate(bearing(tokenValue)));
    expect((await written()).includes(tokenValue)).toBe(false);
    await verifier.close();
    expect((await written()).includes(tokenValue)).toBe(false);
    expect((await written()).includes(digestToken(new Secret(tokenValue)))).toBe(true);
  });

  it("S60 refuses a token's digest sent as the token", async () => {
    const { authenticate, reasons } = await makeWorld([token("forms", tokenValue)]);
    expect((await authenticate(bearing(digestToken(new Secret(tokenValue))))).kind).toBe("rejected");
    principalIn(await authenticate(bearing(tokenValue)));
    expect(reasons()).toEqual(["unknown_token"]);
  });

  it("S63 refuses a token from the instant at which it expires", async () => {
    const expires = token("forms", tokenValue, { expires_at: "2026-06-01T12:00:00.000Z" });
    const { authenticate, setNow, events } = await makeWorld([expires]);
    setNow(noon - 1);
    principalIn(await authenticate(bearing(tokenValue)));
    setNow(noon);
    const { detail, instance } = problemIn(await authenticate(bearing(tokenValue))).body;
    expect(detail).toBe("Ongeldige token.");
    const rejected = { kind: "rejected", scheme: "token", reason: "expired", token: "forms", username: "forms" };
    expect(events).toEqual([{ ...rejected, instance }]);
  });

  it("fails closed on a time that can't be read", async () => {
    const { authenticate, url, reasons, apply } = await makeWorld([token("a", tokenValue), token("b", otherValue)]);
    await (await openForTest(url)).kysely
      .updateTable("api_tokens")
      .set({ expires_at: "tomorrow" })
      .where("identifier", "=", "a")
      .execute();
    await apply([token("c", "c".repeat(40))]);
    expect((await authenticate(bearing(tokenValue))).kind).toBe("rejected");
    principalIn(await authenticate(bearing(otherValue)));
    expect(reasons()).toEqual(["expired"]);
  });

  it("takes a replaced value until its grace period ends, and only the new one afterwards", async () => {
    const { authenticate, apply, setNow, reasons } = await makeWorld([token("forms", tokenValue)]);
    await apply([token("forms", otherValue, { grace_seconds: 3600 })], { now: () => new Date(noon) });
    setNow(noon + 3_599_999);
    expect(principalIn(await authenticate(bearing(tokenValue))).credential).toBe("forms");
    principalIn(await authenticate(bearing(otherValue)));
    setNow(noon + 3_600_000);
    expect((await authenticate(bearing(tokenValue))).kind).toBe("rejected");
    principalIn(await authenticate(bearing(otherValue)));
    expect(reasons()).toEqual(["grace_ended"]);
  });

  it("gives a user's own permissions and its groups', whether claims or a file gave them", async () => {
    const { authenticate, url, apply } = await makeWorld([
      resource("group", "lezers", { permissions: ["taken.view_externetaak"] }),
      user("jan", { groups: ["lezers"], permissions: ["taken.add_externetaak"] }),
      token("forms", tokenValue, { user: "jan", permissions: null }),
    ]);
    const { kysely } = await openForTest(url);
    const { id } = await kysely.selectFrom("users").select("id").executeTakeFirstOrThrow();
    for (const origin of ["manual", "claim"] as const) {
      await kysely
        .insertInto("user_permissions")
        .values({ user_id: id, permission: `by.${origin}`, origin })
        .execute();
    }
    await apply([resource("group", "anderen", { permissions: ["not.ours"] })]);
    const principal = principalIn(await authenticate(bearing(tokenValue)));
    expect([...principal.permissions].sort()).toEqual([
      "by.claim",
      "by.manual",
      "taken.add_externetaak",
      "taken.view_externetaak",
    ]);
    expect(principal.hasPermission("taken.add_externetaak")).toBe(true);
    expect(principal.hasPermission("not.ours")).toBe(false);
  });

  it("S64 narrows a user's permissions by a token, and never widens them, whatever groups gain", async () => {
    const reader = resource("group", "lezers", { permissions: ["taken.view_externetaak"] });
    const narrowing = ["taken.view_externetaak", "taken.delete_externetaak"];
    const { authenticate, apply } = await makeWorld([
      reader,
      user("jan", { groups: ["lezers"], permissions: ["taken.add_externetaak"] }),
      token("narrow", tokenValue, { user: "jan", permissions: narrowing }),
      token("wide", otherValue, { user: "jan", permissions: null }),
    ]);
    const permissions = async (value: string) =>
      [...principalIn(await authenticate(bearing(value))).permissions].sort();
    expect(await permissions(tokenValue)).toEqual(["taken.view_externetaak"]);
    expect(await permissions(otherValue)).toEqual(["taken.add_externetaak", "taken.view_externetaak"]);
    await apply([resource("group", "lezers", { permissions: ["taken.view_externetaak", "taken.change_externetaak"] })]);
    expect(await permissions(tokenValue)).toEqual(["taken.view_externetaak"]);
    expect(await permissions(otherValue)).toContain("taken.change_externetaak");
  });

  it("allows a superuser everything, but through a narrowed token only what that names", async () => {
    const { authenticate } = await makeWorld([
      user("baas", { is_superuser: true }),
      token("all", tokenValue, { user: "baas", permissions: null }),
      token("some", otherValue, { user: "baas", permissions: ["taken.view_externetaak"] }),
      token("service", "s".repeat(40), { is_superuser: true, permissions: [] }),
    ]);
    const may = async (value: string, permission: string) =>
      principalIn(await authenticate(bearing(value))).hasPermission(permission);
    expect(await may(tokenValue, "any.thing")).toBe(true);
    expect(await may("s".repeat(40), "any.thing")).toBe(true);
    expect(await may(otherValue, "any.thing")).toBe(false);
    expect(await may(otherValue, "taken.view_externetaak")).toBe(true);
  });

  it("accepts a token that is narrowed to nothing, and allows it nothing", async () => {
    const { authenticate } = await makeWorld([
      user("jan", { permissions: ["taken.view_externetaak"] }),
      token("forms", tokenValue, { user: "jan", permissions: [] }),
      token("whole", otherValue, { user: "jan", permissions: null }),
    ]);
    expect(principalIn(await authenticate(bearing(tokenValue))).permissions.size).toBe(0);
    expect(principalIn(await authenticate(bearing(otherValue))).permissions.size).toBe(1);
  });

  it("S95 accepts no SQL as a token, and reads names with quotes as they are", async () => {
    const sql = "'/**/OR/**/1=1;--";
    const name = `o'"brien;--`;
    const { authenticate, reasons } = await makeWorld([user(name), token("forms", tokenValue, { user: name })]);
    expect((await authenticate(bearing(sql))).kind).toBe("rejected");
    expect(principalIn(await authenticate(bearing(tokenValue))).user.username).toBe(name);
    expect(reasons()).toEqual(["unknown_token"]);
  });

  it("throws at a damaged list of permissions, and does not accept the token", async () => {
    const { authenticate, url } = await makeWorld([
      user("jan"),
      token("a", tokenValue, { user: "jan" }),
      token("b", otherValue),
    ]);
    await (await openForTest(url)).kysely
      .updateTable("api_tokens")
      .set({ permissions: '["x"' })
      .where("identifier", "=", "a")
      .execute();
    await expect(authenticate(bearing(tokenValue))).rejects.toThrow(
      "a list of permissions in the database is damaged [DATABASE_DAMAGED]",
    );
    principalIn(await authenticate(bearing(otherValue)));
  });

  it("answers without a promise where it knows the token", async () => {
    const { verifier } = await makeWorld([token("forms", tokenValue)]);
    await verifier.authenticate(bearing(tokenValue));
    expect(verifier.authenticate(bearing(tokenValue))).not.toBeInstanceOf(Promise);
    expect(verifier.authorize(bearing(tokenValue))).not.toBeInstanceOf(Promise);
  });

  it("never logs a credential", async () => {
    const { authenticate, events } = await makeWorld([token("forms", tokenValue)]);
    const canary = "c4n4ry".repeat(6);
    for (const header of [`Token ${canary}`, `Token ${canary} ${canary}`, `Bearer ${canary}`, `Bearer ${canary}.a.b`]) {
      await authenticate(header);
    }
    expect(events).toHaveLength(4);
    expect(JSON.stringify(events)).not.toContain("c4n4ry");
  });
});
