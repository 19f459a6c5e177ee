import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { createLogin } from "../../src/login/create-login.js";
import { createVerifier } from "../../src/verifier/create-verifier.js";
import { runCli, writeFiles } from "../support/cli.js";
import { contentsOf, sealingEnv } from "../support/databases.js";
import { incumbentDatabase, recordingHere } from "../support/incumbent.js";
import { clientSecrets, importFrom, leftBehind, subject } from "./django-place.js";
import { type Workplace, workplace } from "./outcome.js";

/** As the recordings have them. */
const token = (name: string) => createHash("sha1").update(name).digest("hex");
const passwordOf = (username: string) => `wachtwoord-van-${username}`;
const hasOidc = () => inject("dialect") === "postgres";

async function signIn(place: Workplace, username: string, password: string) {
  const login = await createLogin({
    database: place.database,
    redirectUri: "https://beheer.example.nl/oidc/callback",
    sessionSecret: "the-secret-of-these-tests-8d1f0c6b2a94e735",
    requireStaff: false,
    env: sealingEnv(),
  });
  onTestFinished(() => login.close());
  return await login.signInWithPassword({ username, password }, undefined);
}

describe("import django", () => {
  it("writes a file without secrets that plan and validate accept, and changes nothing", async () => {
    const source = await incumbentDatabase(recordingHere());
    const before = await contentsOf(source);
    const place = workplace();
    const { outcome, items } = await importFrom(source, place);
    const [item] = items;
    expect(outcome).toBe("ok");
    expect(await place.hasDatabase()).toBe(false);
    expect(await contentsOf(source)).toBe(before);
    const recorded = readFileSync(`test/support/incumbent/${recordingHere()}.sql`, "utf8");
    const hidden = [
      ...["open-forms", "alles", "cora", "drf-admin", "drf-anna", "drf-bert", "drf-dirk"].map(token),
      ...Object.values(clientSecrets),
      ...["pbkdf2_", "argon2", "scrypt$", "!"],
    ];
    expect(hidden.filter((secret) => recorded.includes(secret)).length).toBeGreaterThan(9);
    for (const secret of hidden) expect(item?.text).not.toContain(secret);
    const text = item?.text.replace(/vtb-setup \d+\.\d+\.\d+/, "vtb-setup VERSION");
    await expect(text).toMatchFileSnapshot(`../support/incumbent/${recordingHere()}.yaml`);
    writeFiles(place.folder, { "config.yaml": item?.text ?? "" });
    expect((await place.run(["validate", "config.yaml"], { env: clientSecrets })).status).toBe(0);
    const shown = await runCli(["import", "django", "--from", source], { cwd: place.folder });
    expect([shown.status, shown.stdout]).toEqual([0, item?.text]);
  });

  it("lists what stays behind, with the reason", async () => {
    const found = leftBehind(await importFrom(await incumbentDatabase(recordingHere()), workplace()));
    const ofOidc = [
      "oidc_client api-oidc is disabled, and was imported as such",
      "oidc_client oidc-eherkenning was not imported: it is disabled, without a provider or a client id",
    ];
    const hash = "its hash is damaged, or not one of PBKDF2, scrypt or Argon2 within the limits of a sign-in";
    expect(found).toEqual([
      ...(hasOidc() ? ofOidc : []),
      `the password of user emma was not imported: ${hash}`,
      `the password of user fred was not imported: ${hash}`,
      ...(hasOidc()
        ? []
        : ["gast ", subject].map(
            (name) =>
              `the sign-in of user ${name} was not imported: it has no usable password in Django, and no provider was imported`,
          )),
      "a permission of token veld-beperkt of token_tokenauth was not imported: it is limited to some fields of an object, which a permission here can't be",
      "token cora of token_tokenauth was imported as api_token cora-token",
      "token accent of token_tokenauth was not imported: its value is not 1 to 255 printable ASCII characters without spaces",
      "the token of user bert has no e-mail address, so it was imported with unknown@example.invalid",
      "the token of user dirk was not imported: the user is inactive, so Django rejects it as well",
      "user gast  was not imported: expected a name without leading or trailing whitespace",
    ]);
  });

  it("with --apply takes tokens over, and the plan of the printed file is empty", async () => {
    const source = await incumbentDatabase(recordingHere());
    const place = workplace();
    const { outcome, items, changes } = await importFrom(source, place, "--apply");
    expect([outcome, changes?.length]).toEqual(["applied", items[0]?.entries]);
    const contents = await place.contents();
    writeFiles(place.folder, { "config.yaml": items[0]?.text ?? "" });
    const planned = await place.run(["plan", "--offline", "config.yaml"], { env: clientSecrets });
    expect([planned.status, planned.json.outcome, planned.changes]).toEqual([0, "unchanged", []]);
    const again = await importFrom(source, place, "--apply");
    expect([again.outcome, again.changes]).toEqual(["unchanged", []]);
    expect(await place.contents()).toBe(contents);

    const verifier = await createVerifier({ database: place.database, env: sealingEnv() });
    onTestFinished(() => verifier.close());
    const usernames = { "open-forms": "open-forms", alles: "alles", cora: "cora-token", "drf-admin": "admin" };
    for (const [name, username] of Object.entries({ ...usernames, "drf-anna": "anna", "drf-bert": "bert" })) {
      const answer = await verifier.authenticate(`Token ${token(name)}`);
      expect(answer).toMatchObject({ kind: "authenticated", principal: { user: { username } } });
    }
    expect((await verifier.authenticate(`Token ${token("drf-dirk")}`)).kind).toBe("rejected");
    const objects = await verifier.authenticate(`Token ${token("open-forms")}`);
    if (objects.kind !== "authenticated") throw new Error("the token is rejected");
    expect(objects.principal.hasPermission("objecttype.9a1c7d33-11aa-4bb2-8c3d-5e6f70819203.read_and_write")).toBe(
      true,
    );
    expect(objects.principal.hasPermission("objecttype.2f3c1d52-5b0e-4a38-9c6b-0d6a1f7f2a10.read_and_write")).toBe(
      false,
    );
    const { kysely } = await place.open();
    expect(await kysely.selectFrom("runs").select(["through", "owner"]).execute()).toEqual([
      { through: "import django", owner: "default" },
    ]);
  });

  it("accepts every old password, and replaces its hash by one of ours at the sign-in", async () => {
    const place = workplace();
    await importFrom(await incumbentDatabase(recordingHere()), place, "--apply");
    const { kysely } = await place.open();
    const hashes = kysely
      .selectFrom("users")
      .select(["username", "password_hash"])
      .where("password_hash", "is not", null);
    const hashOf = async (username: string) =>
      (await hashes.execute()).find((user) => user.username === username)?.password_hash ?? "";
    const schemes = { admin: "pbkdf2_sha256$", anna: "argon2$", bert: "scrypt$", cora: "pbkdf2_sha1$" };
    for (const [username, scheme] of Object.entries(schemes)) {
      const before = await hashOf(username);
      expect(before.startsWith(scheme)).toBe(true);
      expect((await signIn(place, username, "een-ander-wachtwoord")).kind).toBe("refused");
      expect((await signIn(place, username, "")).kind).toBe("refused");
      expect(await hashOf(username)).toBe(before);
      expect((await signIn(place, username, passwordOf(username))).kind).toBe("signed_in");
      expect(await hashOf(username)).toMatch(/^\$scrypt\$ln=15,/);
      expect((await signIn(place, username, passwordOf(username))).kind).toBe("signed_in");
    }
  });

  it("leaves what an earlier file or command set in the auth database", async () => {
    const place = workplace();
    const source = await incumbentDatabase(recordingHere());
    const yaml = `default_user_configuration_enable: true\ndefault_user_configuration_config:\n  users: [{username: anna, password: al-een-ander-wachtwoord}]\n`;
    expect((await place.apply(yaml)).status).toBe(0);
    await importFrom(source, place, "--apply");
    expect((await signIn(place, "anna", passwordOf("anna"))).kind).toBe("refused");
    expect((await signIn(place, "anna", "al-een-ander-wachtwoord")).kind).toBe("signed_in");
  });

  it("refuses to apply where --deny names what stays behind", async () => {
    const place = workplace();
    const source = await incumbentDatabase(recordingHere());
    const run = await place.run([
      "import",
      "django",
      "--from",
      source,
      "--offline",
      "--apply",
      "--deny",
      "NOT_IMPORTED",
    ]);
    expect([run.status, run.json.outcome]).toEqual([4, "failed"]);
    expect(await place.hasDatabase()).toBe(false);
  });

  it("keeps a password out of every output", async () => {
    const place = workplace();
    const args = ["import", "django", "--from", await incumbentDatabase(recordingHere()), "--offline", "--apply"];
    const run = await runCli(args, { cwd: place.folder });
    expect([run.status, run.stderr.includes("Applied: ")]).toEqual([0, true]);
    expect(run.stdout + run.stderr).not.toMatch(/pbkdf2_|argon2id|scrypt\$|geheim-van/);
  });

  it("refuses a database without Django's users, and one that is not there", async () => {
    const table = hasOidc() ? "accounts_user" : "auth_user";
    const without = await incumbentDatabase(recordingHere(), `ALTER TABLE ${table} RENAME TO people;`);
    for (const [source, message] of [
      [without, "no table with Django's users"],
      ["sqlite:nowhere.sqlite3", "no database"],
    ] as const) {
      const place = workplace();
      const run = await place.run(["import", "django", "--from", source, "--apply"]);
      expect([run.status, run.diagnostics]).toEqual([4, ["error IMPORT_SOURCE"]]);
      expect(run.json.diagnostics[0]?.message).toContain(message);
      expect(await place.hasDatabase()).toBe(false);
    }
  });
});
