import { describe, expect, it } from "vitest";
import { createTokenOperations } from "../../src/operations/token-operations.js";
import { createVerifier } from "../../src/verifier/create-verifier.js";
import { runCli, runCliProcess, writeFiles } from "../support/cli.js";
import { databaseOf, noticeChange, sealingEnv } from "../support/databases.js";
import { openForTest, temporaryFolder } from "../support/run.js";
import { tokenA, tokenB, tokenItem, tokens, users } from "./outcome.js";
import { placeWith } from "./token-place.js";

const restricted = 'allowed_ips: [10.1.0.0/16, "2001:DB8::/32", 10.1.0.0/16], rate_limit: 5/m';
const jan = users("username: jan, email: jan@example.nl");

async function listed(command: Awaited<ReturnType<typeof placeWith>>["command"]) {
  return JSON.parse((await command(["token", "list", "--output", "json"])).stdout).items;
}

describe("allowed_ips and rate_limit in a file", () => {
  it("are stored in one spelling, change nothing the second time, and a change of either is a field of the plan", async () => {
    const { apply, applied, command, folder, kysely } = await placeWith(tokens(tokenItem("a", tokenA, restricted)));
    expect(applied.changes[0].fields).toContainEqual({
      name: "allowed_ips",
      before: null,
      after: ["10.1.0.0/16", "2001:db8::/32"],
    });
    const rows = () => kysely.selectFrom("api_tokens").select(["allowed_ips", "rate_limit", "updated_at"]).execute();
    const before = await rows();
    expect(before).toMatchObject([{ allowed_ips: '["10.1.0.0/16","2001:db8::/32"]', rate_limit: "5/m" }]);
    const otherSpelling = 'allowed_ips: ["2001:db8:0::/32", "::ffff:10.1.0.0/112"], rate_limit: 5/m';
    expect((await apply(tokens(tokenItem("a", tokenA, otherSpelling)))).outcome).toBe("unchanged");
    expect(await rows()).toEqual(before);
    writeFiles(folder, { "config.yaml": tokens(tokenItem("a", tokenA)) });
    const plan = JSON.parse((await command(["plan", "config.yaml", "--output", "json"])).stdout);
    expect(plan.changes[0].fields).toEqual([
      { name: "allowed_ips", before: ["10.1.0.0/16", "2001:db8::/32"], after: null },
      { name: "rate_limit", before: "5/m", after: null },
    ]);
    // Nobody gets a permission.
    expect(plan.diagnostics.filter(({ code }: { readonly code: string }) => code === "ESCALATION")).toEqual([]);
    expect((await command(["plan", "config.yaml"])).stdout).toMatch(/allowed_ips.*10\.1\.0\.0\/16/);
  });

  it.each([
    ["allowed_ips: []", "at least one address"],
    ["allowed_ips: [10.1.0.1/16]", "only zeros after its first 16 bits"],
    ["allowed_ips: [10.1.0.0/33]", "expected an IP address or a network"],
    ["allowed_ips: [intranet]", "expected an IP address or a network"],
    ['allowed_ips: ["fe80::1%eth0"]', "without a zone"],
    ["allowed_ips: 10.1.0.0/16", "expected a list"],
    ["rate_limit: 100", "`100/m`"],
    ["rate_limit: 0/m", "`100/m`"],
    ["rate_limit: 100/d", "`100/m`"],
    ["alowed_ips: [10.1.0.0/16]", "allowed_ips"],
  ])("%s is an error with its place", async (more, message) => {
    const folder = temporaryFolder();
    writeFiles(folder, { "config.yaml": tokens(tokenItem("a", tokenA, more)) });
    const { status, stderr } = await runCli(["validate", "config.yaml"], { cwd: folder });
    expect(status).toBe(3);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/config\.yaml:4:\d+: error/);
    expect(stderr).not.toContain(tokenA);
  });

  it("survive export, an upgrade of the file, a new value, and rotate", async () => {
    const generated = tokenItem("a", tokenA, restricted).replace(/token: [^,}]+/, "token: {generate: true}");
    const { apply, command, folder } = await placeWith(tokens(generated));
    const exported = await command(["export", "--output-dir", "out"]);
    expect(exported.status).toBe(0);
    const yaml = (await command(["export"])).stdout;
    expect(yaml).toMatch(/allowed_ips:\n +- "10\.1\.0\.0\/16"\n +- "2001:db8::\/32"\n +rate_limit: "5\/m"/);
    expect((await apply(yaml, "--owner", "default")).outcome).toBe("unchanged");
    const empty = databaseOf(temporaryFolder());
    writeFiles(folder, { "config.yaml": yaml });
    await command(["apply", "config.yaml", "--database", empty]);
    const { kysely } = await openForTest(empty);
    expect(await kysely.selectFrom("api_tokens").select(["allowed_ips", "rate_limit"]).execute()).toEqual([
      { allowed_ips: '["10.1.0.0/16","2001:db8::/32"]', rate_limit: "5/m" },
    ]);
    expect((await command(["token", "rotate", "a", "--tokens-out", "t.json"])).status).toBe(0);
    expect(await listed(command)).toMatchObject([{ allowedIps: ["10.1.0.0/16", "2001:db8::/32"], rateLimit: "5/m" }]);
  });

  it("are random addresses of the same size in a sanitized export, which applies", async () => {
    const { command, folder } = await placeWith(
      tokens(tokenItem("a", tokenA, 'allowed_ips: [192.0.2.7, 198.51.100.0/25, "2a02::/48", 127.0.0.1, 0.0.0.0/0]')),
    );
    const { stdout } = await command(["export", "--sanitize"]);
    expect(stdout).not.toMatch(/192\.0\.2|198\.51|2a02/);
    expect(stdout).toMatch(/- "10\.\d+\.\d+\.\d+"\n/);
    expect(stdout).toMatch(/- "10\.\d+\.\d+\.(?:0|128)\/25"\n/);
    expect(stdout).toMatch(/- "2001:db8:[\da-f:]+\/48"\n/);
    expect(stdout).toContain('- "127.0.0.1"\n');
    expect(stdout).toContain('- "0.0.0.0/0"\n');
    writeFiles(folder, { "sanitized.yaml": stdout });
    expect((await command(["validate", "sanitized.yaml"])).status).toBe(0);
  });

  it("can be set once and left alone, and come from the environment", async () => {
    const item = (more: string) => tokens(tokenItem("a", tokenA, `${more}, ignore_changes: [allowed_ips, rate_limit]`));
    const fromEnv = "allowed_ips: [{value_from: {env: NET, default: 10.1.0.0/16}}], rate_limit: 5/m";
    const { apply, command } = await placeWith(item(fromEnv));
    expect((await apply(item("rate_limit: 9/m"))).outcome).toBe("unchanged");
    expect(await listed(command)).toMatchObject([{ allowedIps: ["10.1.0.0/16"], rateLimit: "5/m" }]);
  });
});

describe("token create", () => {
  it("takes --allowed-ip and --rate-limit, which list, show and the journal have, and the verifier holds", async () => {
    const { command, kysely, url } = await placeWith(jan);
    const args = ["--allowed-ip", "10.1.0.0/16", "--allowed-ip", "::ffff:192.0.2.7", "--rate-limit", "1/h"];
    const made = await command(["token", "create", "a", "--user", "jan", "--output", "json", ...args]);
    expect(made.status).toBe(0);
    expect(await listed(command)).toMatchObject([
      { identifier: "a", allowedIps: ["10.1.0.0/16", "192.0.2.7"], rateLimit: "1/h" },
    ]);
    const shown = (await command(["token", "show", "a"])).stdout;
    expect(shown).toMatch(/^ {2}allowed IPs: +10\.1\.0\.0\/16, 192\.0\.2\.7$/m);
    expect(shown).toMatch(/^ {2}rate limit: +1\/h$/m);
    expect((await command(["token", "list", "--output", "csv"])).stdout).toContain(",10.1.0.0/16 192.0.2.7,1/h\r\n");
    const journal = await kysely.selectFrom("run_changes").select("fields").where("key", "=", "a").execute();
    expect(JSON.parse(journal[0]?.fields ?? "")).toEqual(
      expect.arrayContaining([
        { name: "allowed_ips", before: null, after: ["10.1.0.0/16", "192.0.2.7"] },
        { name: "rate_limit", before: null, after: "1/h" },
      ]),
    );
    await noticeChange();
    const verifier = await createVerifier({ database: url, env: sealingEnv() });
    const [{ token: value }] = JSON.parse(made.stdout).generated;
    const from = async (source: string) => (await verifier.authenticate(`Token ${value}`, { source })).kind;
    expect([await from("192.0.2.8"), await from("192.0.2.7"), await from("192.0.2.7")]).toEqual([
      "rejected",
      "authenticated",
      "rejected",
    ]);
    await verifier.close();
  });

  it("without them leaves the token without limits", async () => {
    const { command } = await placeWith(jan);
    await command(["token", "create", "a", "--user", "jan", "--output", "json"]);
    expect(await listed(command)).toMatchObject([{ allowedIps: null, rateLimit: null }]);
    expect((await command(["token", "show", "a"])).stdout).not.toMatch(/allowed IPs|rate limit/);
  });

  it("refuses what a file could not hold, and names the option", async () => {
    const { command, contents } = await placeWith(jan);
    const before = await contents();
    const args = ["--allowed-ip", "10.1.0.1/16", "--rate-limit", "often"];
    const { status, stderr } = await command(["token", "create", "a", "--user", "jan", ...args]);
    expect(status).toBe(4);
    expect(stderr).toContain("--allowed-ip: expected the network's own address");
    expect(stderr).toContain("--rate-limit: expected a number of requests and a unit of time");
    expect(await contents()).toEqual(before);
  });

  it("works as a process", async () => {
    const { folder, command } = await placeWith(jan);
    const args = ["token", "create", "a", "--user", "jan", "--allowed-ip", "10.1.0.0/16", "--rate-limit", "5/s"];
    const { status, stderr } = await runCliProcess([...args, "--output", "json"], { cwd: folder });
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(await listed(command)).toMatchObject([{ allowedIps: ["10.1.0.0/16"], rateLimit: "5/s" }]);
  });
});

it("createTokenOperations takes and lists them", async () => {
  const { url, kysely } = await placeWith(jan);
  const { id: userId } = await kysely.selectFrom("users").select("id").executeTakeFirstOrThrow();
  const operations = await createTokenOperations({ database: url });
  const request = { userId, identifier: "own", contactPerson: "Jan", email: "jan@example.nl", actor: "login:jan" };
  expect(await operations.create({ ...request, allowedIps: [], rateLimit: "5" })).toMatchObject({
    kind: "refused",
    errors: [{ field: "allowedIps" }, { field: "rateLimit" }],
  });
  await operations.create({ ...request, allowedIps: ["10.1.0.1"], rateLimit: "5/m" });
  expect(await operations.list(userId)).toMatchObject([{ allowedIps: ["10.1.0.1"], rateLimit: "5/m" }]);
  await operations.close();
});

it("a database from before them gets the columns, and its tokens keep working from everywhere", async () => {
  const { kysely, url, command, use } = await placeWith(tokens(tokenItem("a", tokenA), tokenItem("b", tokenB)));
  for (const column of ["allowed_ips", "rate_limit"] as const) {
    await kysely.schema.alterTable("api_tokens").dropColumn(column).execute();
  }
  await kysely.deleteFrom("setup_migrations").where("name", "=", "0026_token_restrictions").execute();
  expect((await command(["migrate", "--database", url])).status).toBe(0);
  expect(await use(tokenA)).toBe("authenticated");
  expect(await listed(command)).toMatchObject([{ allowedIps: null }, { allowedIps: null }]);
});
