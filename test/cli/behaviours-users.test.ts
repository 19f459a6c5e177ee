import { scryptSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { users, type Workplace, workplace } from "./outcome.js";

const password = "Lk4-vogel-Zilver-9";

async function rows(place: Workplace) {
  return (await place.open()).kysely
    .selectFrom("users")
    .select(["username", "email", "is_staff", "is_superuser", "password_hash"])
    .orderBy("username")
    .execute();
}

/** Whether a PHC string of scrypt is this password's. */
function isHashOf(plain: string, phc: string | null | undefined): boolean {
  const [, ln, r, p, salt, key] = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/.exec(phc ?? "") ?? [];
  const cost = { cost: 2 ** Number(ln), blockSize: Number(r), parallelization: Number(p), maxmem: 2 ** 26 };
  const stored = Buffer.from(key ?? "", "base64");
  return stored.equals(scryptSync(plain, Buffer.from(salt ?? "", "base64"), stored.length, cost));
}

describe("the users step of django-setup-configuration (A5)", () => {
  it("A5.32 creates a user with its flags and a working password, and warns of a well-known one", async () => {
    const place = workplace();
    const run = await place.apply(
      users(
        "username: foo, email: example@user.nl, is_staff: True, is_superuser: True, password: change_me",
        `username: bar, password: ${password}`,
      ),
    );
    expect(run).toMatchObject({ status: 0, diagnostics: ["warning WEAK_PASSWORD 4:93"] });
    const [bar, foo] = await rows(place);
    expect(foo).toMatchObject({ username: "foo", email: "example@user.nl", is_staff: 1, is_superuser: 1 });
    expect(isHashOf("change_me", foo?.password_hash)).toBe(true);
    expect(isHashOf(password, bar?.password_hash)).toBe(true);
    expect(isHashOf(`${password}x`, bar?.password_hash)).toBe(false);
    expect(bar).toMatchObject({ is_staff: 0, is_superuser: 0 });
  });

  it("A5.33 demotes a user whose flags a second file leaves out, and creates the other one", async () => {
    const place = workplace();
    await place.apply(users("username: admin, is_staff: true, is_superuser: true"));
    const run = await place.apply(users("username: admin", "username: testuser"));
    expect(run.changes).toEqual(["update user admin", "create user testuser"]);
    expect(await rows(place)).toMatchObject([
      { username: "admin", is_staff: 0, is_superuser: 0 },
      { username: "testuser", is_staff: 0, is_superuser: 0 },
    ]);
  });

  it("A5.34 updates the row of a user with a new address and new flags", async () => {
    const place = workplace();
    const ids = async () => (await place.open()).kysely.selectFrom("users").select("id").execute();
    await place.apply(users("username: anna, email: old@example.nl, is_staff: true"));
    const before = await ids();
    const run = await place.apply(users("username: anna, email: new@example.nl, is_superuser: true"));
    expect(run.json.changes?.[0]?.fields).toEqual([
      { name: "email", before: "old@example.nl", after: "new@example.nl" },
      { name: "is_staff", before: true, after: false },
      { name: "is_superuser", before: false, after: true },
    ]);
    expect(await rows(place)).toMatchObject([{ email: "new@example.nl", is_staff: 0, is_superuser: 1 }]);
    expect(await ids()).toEqual(before);
  });

  // django-setup-configuration warns while the password is still the file's; here the warning is about the value in the file.
  it("A5.35 does not reset a password that was changed by hand", async () => {
    const place = workplace();
    const yaml = users(`username: anna, password: ${password}`);
    await place.apply(yaml);
    const hash = "$scrypt$ln=15,r=8,p=1$c2FsdHNhbHRzYWx0$a2V5a2V5a2V5a2V5";
    await (await place.open()).kysely.updateTable("users").set({ password_hash: hash }).execute();
    expect(await place.apply(yaml)).toMatchObject({ status: 0, diagnostics: [], json: { outcome: "unchanged" } });
    const changed = await place.apply(users(`username: anna, password: ${password}-2, is_staff: true`));
    expect(changed.json.changes?.[0]?.fields).toEqual([{ name: "is_staff", before: false, after: true }]);
    expect(await rows(place)).toMatchObject([{ is_staff: 1, password_hash: hash }]);
  });

  // django-setup-configuration has an option to match by address and then renames; here only the username identifies a user.
  it("A5.36 treats another username with the same address as another user", async () => {
    const place = workplace();
    await place.apply(users("username: anna, email: a@example.nl"));
    const run = await place.apply(users("username: anna-maria, email: a@example.nl"));
    expect(run.changes).toEqual(["create user anna-maria"]);
    expect(await rows(place)).toMatchObject([{ username: "anna" }, { username: "anna-maria" }]);
  });
});

describe("the sites step of django-setup-configuration (A6)", () => {
  // Sites belong to another program.
  it("A6.37 A6.38 A6.39 A6.40 leaves sites_config alone, valid or not, with a warning", async () => {
    const place = workplace();
    const sites = "sites_config_enable: true\nsites_config:\n  items:\n    - {domain: not a domain, name: [x]}\n";
    const run = await place.apply(sites + users("username: anna"));
    expect(run.status).toBe(0);
    expect(run.diagnostics).toEqual(["warning UNKNOWN_ROOT_KEY 1:1", "warning UNKNOWN_ROOT_KEY 2:1"]);
    expect(run.changes).toEqual(["create user anna"]);
    const alone = workplace();
    expect((await alone.apply(sites)).diagnostics).toContain("error NO_STEPS_ENABLED");
    expect(await alone.hasDatabase()).toBe(false);
  });
});
