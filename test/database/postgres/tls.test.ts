import { chmodSync, chownSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../../src/database/open.js";
import { SetupError } from "../../../src/errors.js";
import { makeCertificates, type TestCertificates } from "../../support/certificates.js";
import { type PostgresServer, startPostgres } from "../../support/postgres-server.js";
import { temporaryFolder } from "../../support/run.js";

let server: PostgresServer;
let certificates: TestCertificates;

beforeAll(async () => {
  server = await startPostgres();
  certificates = await makeCertificates({ host: "127.0.0.1" });
  const client = new pg.Client(server.url);
  await client.connect();
  const { rows } = await client.query("show data_directory");
  const folder = String(rows[0].data_directory);
  const { uid, gid } = statSync(folder);
  for (const [name, text] of Object.entries({
    "own.key": certificates.server.key,
    "own.crt": certificates.server.cert,
  })) {
    const file = join(folder, name);
    writeFileSync(file, text);
    chmodSync(file, 0o600);
    chownSync(file, uid, gid);
    await client.query(`alter system set ssl_${name.endsWith("key") ? "key" : "cert"}_file = '${name}'`);
  }
  await client.query("alter system set ssl = on");
  await client.query("select pg_reload_conf()");
  await client.end();
});

afterAll(() => server.remove());

/** Whether the connection is encrypted, or the code of the refusal. */
async function connect(parameters: string, host = "127.0.0.1"): Promise<string> {
  const url = `${server.url.replace("127.0.0.1", host)}?${parameters}`;
  try {
    const database = await openDatabase(url, "write");
    const { rows } = await database.kysely.executeQuery<{ ssl: boolean }>({
      ...database.kysely.selectNoFrom((eb) => eb.lit(1).as("one")).compile(),
      sql: "select ssl from pg_stat_ssl where pid = pg_backend_pid()",
    });
    await database.close();
    return rows[0]?.ssl ? "encrypted" : "in clear";
  } catch (error) {
    if (error instanceof SetupError) return `${error.reason} ${error.diagnostics[0]?.code}`;
    throw error;
  }
}

describe("encryption with a private authority", () => {
  it("trusts the authority that sslrootcert names, for the host's own name, and no other", async () => {
    const folder = temporaryFolder();
    const other = await makeCertificates();
    writeFileSync(join(folder, "ca.pem"), certificates.authority);
    writeFileSync(join(folder, "other.pem"), other.authority);
    const ca = `sslrootcert=${folder}/ca.pem`;
    await expect.poll(() => connect(`sslmode=verify-full&${ca}`)).toBe("encrypted");
    expect(await connect(`sslmode=require&${ca}`)).toBe("encrypted");
    expect(await connect(ca)).toBe("encrypted");
    for (const mode of ["require", "verify-full", "verify-ca"]) {
      expect(await connect(`sslmode=${mode}&sslrootcert=${folder}/other.pem`), mode).toBe("refused DATABASE_TLS");
    }
    for (const mode of ["require", "verify-full"]) {
      expect(await connect(`sslmode=${mode}`), mode).toBe("refused DATABASE_TLS");
      // The certificate is for the address alone.
      expect(await connect(`sslmode=${mode}&${ca}`, "localhost"), mode).toBe("refused DATABASE_TLS");
    }
    expect(await connect(`sslmode=verify-ca&${ca}`, "localhost")).toBe("encrypted");
    expect(await connect("sslmode=no-verify")).toBe("encrypted");
    expect(await connect("sslmode=disable")).toBe("in clear");
    expect(await connect(`sslmode=verify-full&sslrootcert=${folder}/none.pem`)).toBe("refused DATABASE_TLS");
  });
});
