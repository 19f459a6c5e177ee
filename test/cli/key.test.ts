import { createHmac, randomBytes } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { Secret } from "../../src/secrets/secret.js";
import { createVault, keyIdOf, sealedWith } from "../../src/secrets/vault.js";
import { createVerifier } from "../../src/verifier/create-verifier.js";
import { runCli, writeFiles } from "../support/cli.js";
import { startCli } from "../support/cli-process.js";
import { keycloakProvider } from "../support/config-text.js";
import { contentsOf, databaseOf, isInUse, noticeChange } from "../support/databases.js";
import { openForTest, temporaryFolder } from "../support/run.js";

const clientSecret = "canary-a-secret-of-the-client-0123456789";
const step = resolve("examples/custom-step/step.mjs");
const stepYaml = readFileSync("examples/custom-step/config.yaml", "utf8");

function clientYaml(identifier: string, secret = clientSecret): string {
  return `    - identifier: ${identifier}
      oidc_provider_identifier: keycloak
      oidc_rp_client_id: ${identifier}
      oidc_rp_client_secret: ${secret}
      oidc_rp_sign_algo: HS256
      userinfo_claims_source: id_token
`;
}

/** A database whose sealed values have one key, and the files with it and with a newer one. */
async function keyedDatabase(yaml: string, args: readonly string[] = []) {
  const folder = temporaryFolder();
  const keys = join(folder, "keys");
  const env = { VTB_SETUP_KEY_FILE: keys };
  const [older, newer] = [randomBytes(32), randomBytes(32)];
  const write = (name: string, ...held: readonly Buffer[]) => {
    const text = held.map((key) => `${key.toString("base64")}\n`).join("");
    writeFileSync(join(folder, `${name}.draft`), text, { mode: 0o600 });
    renameSync(join(folder, `${name}.draft`), join(folder, name));
  };
  write("keys", older);
  write("new", newer);
  writeFiles(folder, { "config.yaml": yaml });
  const run = (...command: readonly string[]) => runCli(command, { cwd: folder, env });
  expect(await run("apply", "config.yaml", ...args)).toMatchObject({ status: 0 });
  const rotate = (...more: readonly string[]) => run("key", "rotate", "--new-key-file", "new", ...more);
  const { kysely } = await openForTest(databaseOf(folder));
  const tables = kysely.withTables<{ webhooks: { id: string; secret: string } }>();
  /** Every sealed value, with what binds it to its place. */
  const sealed = async (): Promise<readonly { readonly value: string; readonly purpose: string }[]> => {
    const clients = await tables.selectFrom("oidc_clients").select(["id", "client_secret"]).orderBy("id").execute();
    const hasStep = args.length > 0;
    const webhooks = hasStep
      ? await tables.selectFrom("webhooks").select(["id", "secret"]).orderBy("id").execute()
      : [];
    return [
      ...clients.map((row) => ({ value: row.client_secret, purpose: `oidc_clients/${row.id}/client_secret` })),
      ...webhooks.map((row) => ({ value: row.secret, purpose: `webhooks/${row.id}/secret` })),
    ];
  };
  const secrets = async (key: Buffer) =>
    (await sealed()).map(({ value, purpose }) => createVault([key]).open(value, purpose).reveal());
  const status = async () => JSON.parse((await run("key", "status", "--output", "json")).stdout);
  return { folder, env, older, newer, write, run, rotate, kysely, sealed, secrets, status };
}

const fingerprint = (key: Buffer) => keyIdOf(key).slice(0, 8);

describe("key rotate", () => {
  it("seals every value again, those of custom kinds as well, and changes nothing the second time", async () => {
    const yaml = `${keycloakProvider}${clientYaml("api-oidc")}${clientYaml("admin-oidc", "canary-of-another-client-0123456789")}${stepYaml}`;
    const world = await keyedDatabase(yaml, ["--steps", step]);
    const { folder, older, newer, write, run, rotate, kysely, sealed, secrets, status } = world;
    const before = await secrets(older);
    expect(before.length).toBeGreaterThan(3);
    write("keys", newer, older);
    const from = join(folder, "keys");
    // Until the change, new values are sealed with the key that every reader has.
    expect(await status()).toMatchObject({
      outcome: "ok",
      items: [
        { fingerprint: fingerprint(newer), values: 0, current: false, removable: false, from },
        { fingerprint: fingerprint(older), values: before.length, current: true, removable: false, from },
      ],
    });
    const first = await rotate();
    expect(first).toMatchObject({
      status: 0,
      stderr: "",
      stdout: `Sealed ${before.length} values again, with the key ${fingerprint(newer)}.\n`,
    });
    expect(new Set((await sealed()).map(({ value }) => sealedWith(value)))).toEqual(new Set([keyIdOf(newer)]));
    expect(await secrets(newer)).toEqual(before);

    const [record] = await kysely.selectFrom("run_changes").selectAll().where("kind", "=", "sealing_key").execute();
    expect(JSON.parse(record?.fields ?? "")).toEqual([
      { name: "fingerprint", before: fingerprint(older), after: fingerprint(newer) },
      { name: "sealed_values", before: null, after: before.length },
    ]);
    const journal = await kysely
      .selectFrom("runs")
      .selectAll()
      .where("id", "=", record?.run_id ?? "")
      .execute();
    expect(journal).toMatchObject([{ actor: expect.stringContaining("@"), through: "key rotate", files: "[]" }]);
    for (const secret of [older, newer].flatMap((key) => [key.toString("base64"), key.toString("hex")])) {
      expect(JSON.stringify([first, record, journal])).not.toContain(secret);
    }
    expect(JSON.stringify([first, record, journal])).not.toContain("canary");

    const contents = await contentsOf(databaseOf(folder));
    expect((await rotate()).stdout).toBe(`No changes. Every sealed value has the key ${fingerprint(newer)}.\n`);
    expect(await contentsOf(databaseOf(folder))).toBe(contents);
    expect(await status()).toMatchObject({
      items: [
        { fingerprint: fingerprint(newer), values: before.length, current: true, removable: false },
        { fingerprint: fingerprint(older), values: 0, current: false, removable: true },
      ],
    });
    write("keys", newer);
    const again = await run("apply", "config.yaml", "--steps", step, "--output", "json");
    expect(JSON.parse(again.stdout)).toMatchObject({ outcome: "unchanged" });
  });

  it("is not noticed by those who send requests to a verifier that runs all the while", async () => {
    const { folder, env, older, newer, write, rotate } = await keyedDatabase(
      `${keycloakProvider}${clientYaml("api-oidc")}`,
    );
    const events: unknown[] = [];
    const verifier = await createVerifier({
      database: databaseOf(folder),
      clients: ["api-oidc"],
      env,
      onEvent: (event) => events.push(event),
    });
    onTestFinished(() => verifier.close());
    const request = async (person: string) => (await verifier.authenticate(`Bearer ${bearerOf(person)}`)).kind;
    expect(await request("before")).toBe("authenticated");
    write("keys", newer, older);
    expect(await rotate()).toMatchObject({ status: 0 });
    await noticeChange();
    expect(await request("after")).toBe("authenticated");
    write("keys", newer);
    expect(await request("later")).toBe("authenticated");
    expect(events.filter((event) => JSON.stringify(event).includes("client_unusable"))).toEqual([]);
  });

  it("warns where the variable's file does not have the new key yet", async () => {
    const { newer, rotate, run, write } = await keyedDatabase(`${keycloakProvider}${clientYaml("api-oidc")}`);
    const { status, stdout } = await rotate("--output", "json");
    expect(status).toBe(0);
    const { outcome, changes, diagnostics } = JSON.parse(stdout);
    expect({ outcome, changes, diagnostics }).toMatchObject({
      outcome: "applied",
      changes: [{ action: "update", kind: "sealing_key", key: fingerprint(newer) }],
      diagnostics: [{ severity: "warning", code: "KEY_NOT_SHARED" }],
    });
    const { status: refused, stderr } = await run("apply", "config.yaml");
    expect({ refused, stderr }).toMatchObject({ refused: 4, stderr: expect.stringContaining("[KEY_MISMATCH]") });
    write("keys", newer);
    expect(await run("apply", "config.yaml")).toMatchObject({ status: 0 });
  });

  it("names each value that no key opens, and then changes nothing", async () => {
    const yaml = `${keycloakProvider}${clientYaml("api-oidc")}${clientYaml("admin-oidc")}`;
    const { older, newer, write, run, rotate, kysely, sealed } = await keyedDatabase(yaml);
    const [client] = await kysely
      .selectFrom("oidc_clients")
      .select("id")
      .where("identifier", "=", "admin-oidc")
      .execute();
    const lost = createVault([randomBytes(32)]).seal(new Secret("canary"), `oidc_clients/${client?.id}/client_secret`);
    await kysely
      .updateTable("oidc_clients")
      .set({ client_secret: lost })
      .where("id", "=", client?.id ?? "")
      .execute();
    write("keys", newer, older);
    const state = async () => [await sealed(), await kysely.selectFrom("setup_state").selectAll().execute()];
    const before = await state();
    const told = "no key opens this sealed value: oidc_client admin-oidc: client_secret [KEY_MISMATCH]";
    const rotated = await rotate();
    expect(rotated).toMatchObject({ status: 4, stdout: "", stderr: expect.stringContaining(told) });
    const { status, stdout } = await run("key", "status", "--output", "json");
    expect(status).toBe(4);
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: "failed",
      items: [{ values: 0 }, { values: 1, current: true }, { values: 1, from: null, removable: false }],
      diagnostics: [{ severity: "error", code: "KEY_MISMATCH" }],
    });
    expect(await state()).toEqual(before);
  });

  it("refuses a file without a key with 3, a missing option with 64, and a missing database with 5", async () => {
    const { folder, run } = await keyedDatabase(`${keycloakProvider}${clientYaml("api-oidc")}`);
    writeFileSync(join(folder, "broken"), "canary", { mode: 0o600 });
    for (const [file, told] of [
      ["missing", "the key file missing that --new-key-file names does not exist"],
      ["broken", "the key file broken does not contain a key"],
    ]) {
      const { status, stderr } = await run("key", "rotate", "--new-key-file", file ?? "");
      expect({ status, stderr }).toMatchObject({ status: 3, stderr: expect.stringContaining(told ?? "") });
      expect(stderr).not.toContain("canary");
    }
    expect(await run("key", "rotate")).toMatchObject({ status: 64 });
    const elsewhere = ["--database", "sqlite:elsewhere.db"];
    expect(await run("key", "rotate", "--new-key-file", "new", ...elsewhere)).toMatchObject({ status: 5 });
    expect(await run("key", "status", ...elsewhere)).toMatchObject({ status: 5 });
  });

  it("leaves the old or the new key, whole, when it is killed", { timeout: 60_000 }, async () => {
    const clients = Array.from({ length: 200 }, (_, index) => clientYaml(`client-${index}`)).join("");
    const { folder, env, older, newer, write, sealed } = await keyedDatabase(`${keycloakProvider}${clients}`);
    const start = () => startCli(["key", "rotate", "--new-key-file", "next"], { cwd: folder, env });
    const keyOf = async () => [...new Set((await sealed()).map(({ value }) => sealedWith(value)))];
    let [current, next] = [older, newer];
    const swap = () => {
      [current, next] = [next, current];
    };
    const prepare = () => {
      write("keys", next, current);
      write("next", next);
    };
    prepare();
    const started = performance.now();
    expect(await start().ended).toMatchObject({ status: 0 });
    const span = performance.now() - started;
    for (let index = 0; index < 12; index += 1) {
      if ((await keyOf())[0] === keyIdOf(next)) swap();
      prepare();
      const run = start();
      await setTimeout(((index + 1) / 13) * span);
      run.kill("SIGKILL");
      const { signal } = await run.ended;
      while ((await isInUse(databaseOf(folder))) && signal !== null && databaseOf(folder).startsWith("postgres"))
        await setTimeout(1);
      const left = await keyOf();
      expect(left).toHaveLength(1);
      expect([keyIdOf(current), keyIdOf(next)]).toContain(left[0]);
    }
    if ((await keyOf())[0] === keyIdOf(next)) swap();
    prepare();
    expect(await start().ended).toMatchObject({ status: 0 });
    expect(await keyOf()).toEqual([keyIdOf(next)]);
  });
});

/** An access token that the client's secret signs. */
function bearerOf(person: string): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: "https://keycloak.example/realms/a",
    sub: person,
    aud: "api-oidc",
    iat: now - 10,
    exp: now + 600,
    email: `${person}@gemeente.example`,
  };
  const parts = `${encode({ alg: "HS256", typ: "at+jwt" })}.${encode(claims)}`;
  return `${parts}.${createHmac("sha256", clientSecret).update(parts).digest("base64url")}`;
}
